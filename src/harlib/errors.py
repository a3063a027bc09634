"""The one error that harlib shows to its users."""


class HarlibError(ValueError):
    """Something the user can mend: the message names the thing, its value, what is allowed and what to do.

    The command line prints it as one line and ends with status 1; a notebook shows it as its traceback's last line.
    """
