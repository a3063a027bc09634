// What the theme leaves out for those who read by keyboard or by ear.
(() => {
  "use strict";
  const all = (selector) => document.querySelectorAll(selector);

  // What is wider than the screen scrolls by itself; the keyboard must reach it, too.
  const reach = () => {
    for (const box of all("article .harlib-scroll, article pre, article div.math")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };

  // A name must hold the words that are seen on the thing.
  const name = () => {
    for (const thing of all(".search-button-field, article summary")) thing.removeAttribute("aria-label");
    for (const icon of all(".theme-switch-button .theme-switch")) {
      icon.querySelector("title")?.remove();
      for (const attribute of ["title", "role", "aria-labelledby"]) icon.removeAttribute(attribute);
      icon.setAttribute("aria-hidden", "true");
    }
    for (const summary of all("nav summary")) {
      const chapter = summary.closest("li")?.querySelector("a");
      if (chapter) summary.setAttribute("aria-label", `Pages below ${chapter.textContent.trim()}`);
    }
  };

  window.addEventListener("load", () => {
    reach();
    name();
    // Font Awesome draws the icons at its own time, each with a title.
    const again = new MutationObserver(name);
    for (const button of all(".theme-switch-button")) again.observe(button, { childList: true, subtree: true });
  });
  window.addEventListener("resize", reach);
})();
