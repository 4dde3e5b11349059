"""The ways in which one subscriber's number may have been written, besides E.164: data, each row with its source.

Numbers here are national ones: digits, without the country code. The trunk prefixes come from the numbering plans of
`phonenumbers` and stand in `streams/logic/hours/numbers.py`.
Source: docs/rules.md, section 3; docs/decisions/0020-spellings-of-a-number.md.
"""

from typing import NamedTuple

ARGENTINA = "54"


class Row(NamedTuple):
    """Two national numbers that mean one subscriber: area + now + rest, and area + other + rest.

    area: how many digits come before. digits: how many the rest has. begins: what its first digit may be, "" for any.
    both: the two are one subscriber even if the numbering plan has both as numbers.
    """

    country_code: str
    now: str
    other: str
    digits: int
    begins: str = ""
    area: int = 0
    both: bool = False

    def towards(self, number: str) -> str | None:
        """The number that the plan has now, of one that is written in the other way; None if it is not."""
        return self._exchanged(number, self.other, self.now)

    def away(self, number: str) -> str | None:
        """The other way to write a number that the plan has now."""
        return self._exchanged(number, self.now, self.other)

    def _exchanged(self, number: str, found: str, put: str) -> str | None:
        at = self.area + len(found)
        if len(number) != at + self.digits or number[self.area : at] != found:
            return None
        if self.begins and number[at] not in self.begins:
            return None
        return number[: self.area] + put + number[at:]


_VIETNAM = (
    ("120", "70"), ("121", "79"), ("122", "77"), ("126", "76"), ("128", "78"),
    ("123", "83"), ("124", "84"), ("125", "85"), ("127", "81"), ("129", "82"),
    ("162", "32"), ("163", "33"), ("164", "34"), ("165", "35"), ("166", "36"), ("167", "37"), ("168", "38"),
    ("169", "39"), ("186", "56"), ("188", "58"), ("199", "59"),
)  # fmt: skip

ROWS = (
    # Mexico: 1 after the country code for mobiles, and 01, 044, 045 within the country, until 3 August 2019.
    # Source: Instituto Federal de Telecomunicaciones, dialing of ten digits (mexiconewsdaily.com, 3 August 2019).
    *(Row("52", "", other, 10) for other in ("1", "01", "044", "045")),
    # Argentina: 9 in front of the area code, for calls from abroad to a mobile. People also put the trunk prefix
    # between it and the area code. Source: the tables of libphonenumber, region AR.
    Row(ARGENTINA, "", "9", 10, begins="123", both=True),
    Row(ARGENTINA, "", "90", 10, begins="123"),
    # Brazil: 9 in front of the eight digits of a mobile, from July 2012 in area 11 to November 2016 in the south.
    # Source: Anatel, resolution 553, and its dates for each area (algartelecom.com.br, "Nono dígito").
    Row("55", "9", "", 8, begins="6789", area=2, both=True),
    # Benin: 01 in front of every number of eight digits, 30 November 2024.
    # Source: ARCEP Bénin (fr.allafrica.com, 30 November 2024).
    Row("229", "01", "", 8, both=True),
    # Colombia: 60 in front of the area digit and the seven digits of a fixed line, 1 September 2021.
    # Source: Comisión de Regulación de Comunicaciones, resolution 5826 of 2019 (radionacional.co).
    Row("57", "60", "", 8, begins="12345678"),
    # Vietnam: mobiles of 11 digits, trunk prefix included, became mobiles of 10, 15 September 2018.
    # Source: Ministry of Information and Communications (sggpnews.org.vn, "Mobile phone numbers conversion").
    *(Row("84", now, other, 7) for other, now in _VIETNAM),
    # Four plans of which the numbers are also written without their first digits, or with a 0 before them.
    # Source: the tables of libphonenumber, regions SM, NF, MG and GA: national prefix for parsing, transform rule.
    Row("378", "0549", "", 6, begins="89"),
    Row("672", "3", "", 5, begins="01258"),
    Row("261", "20", "", 7, begins="2456789"),
    Row("241", "", "0", 8, begins="167"),
)

BY_COUNTRY_CODE = {code: tuple(row for row in ROWS if row.country_code == code) for code in {row[0] for row in ROWS}}
