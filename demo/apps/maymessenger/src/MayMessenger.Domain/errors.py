"""Why a request is not carried out."""


class Refused(Exception):
    """What was asked makes no sense, or breaks a rule."""


class Forbidden(Exception):
    """This user may not do this."""


class NotFound(Exception):
    """There is no such thing."""
