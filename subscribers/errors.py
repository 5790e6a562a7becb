"""Every error about people that is raised on purpose; the message is one line and never holds an address."""


class PeopleError(Exception):
    """Something that was asked for about a person cannot be."""


class AddressError(PeopleError):
    """Not an address that mail can be sent to."""


class InterestError(PeopleError):
    """An interest that says nothing we know; the text names what is valid."""


class CadenceError(PeopleError):
    """A cadence, hour, weekday or zone that does not exist; the text names what is valid."""


class TokenError(PeopleError):
    """A token that was not made by us, or for another purpose."""


class PersonExistsError(PeopleError):
    """The address is known already."""


class SuppressedError(PeopleError):
    """The address must not be mailed; `reason` is unsubscribed, bounced or complained."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"this address is suppressed ({reason})")
        self.reason = reason
