"""The one error that harlib shows to its users."""

LONGEST = 2000


class HarlibError(ValueError):
    """Something the user can mend: the message names the thing, its value, what is allowed and what to do.

    The command line prints it as one line and ends with status 1; a notebook shows it as its traceback's last line.
    Whatever a file put into the message, it stays on one line, of at most 2,000 characters, without control codes.
    """

    def __init__(self, message: str) -> None:
        cut = message if len(message) <= LONGEST else message[: LONGEST - 3] + "..."
        super().__init__("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut))


def brief(error: Exception) -> str:
    """What another library's error says, on one line of at most 200 characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."
