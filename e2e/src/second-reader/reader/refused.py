"""One answer for everything that is wrong."""


class Refused(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Refused(what)
