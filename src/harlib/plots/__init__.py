"""Every figure's drawing: data in, a matplotlib figure out; captions and alt text stand beside the call."""
