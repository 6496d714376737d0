"""How many clients are on the whole list of which some are scored: the model knows it as a feature, so an answer says it."""

from __future__ import annotations

from bank_marketing.lists.entities import CustomerList

GIVEN, STATED, OWN = "given", "the list that these rows are a part of", "clients on this list"


def size_of_list(given: int | None, customers: CustomerList) -> tuple[int, str]:
    """Size of a list, and where it is known from: what is given, what the rows say of a larger list, else the list's own clients.

    A client who cannot be scored is on the list as well; one who stands there twice counts once.
    """
    if given is not None:
        return given, GIVEN
    if customers.stated_size is not None:
        return max(customers.stated_size, customers.own_size), STATED
    return customers.own_size, OWN
