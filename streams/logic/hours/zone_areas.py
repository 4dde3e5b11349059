"""What neither the time zone database nor the number library says: whose a zone is, and which clock an area code has.

Data alone. Zones are named as in zone.tab, prefixes are the digits of a number in E.164 form without its plus.
Source: docs/rules.md, section 3; docs/decisions/0021-zones-of-a-country.md. `tests/logic/test_zones_of_all_regions.py`
holds all of it against the database and the library.
"""

# Source: the file `backward` of the time zone database merges zones across borders when their clocks have agreed since
# 1970, and iso3166.tab says whose each place is.
CROSSING = {
    "Africa/Asmera": "Africa/Asmara",
    "Africa/Timbuktu": "Africa/Bamako",
    "America/Coral_Harbour": "America/Atikokan",
    "America/Virgin": "America/St_Thomas",
    "Antarctica/South_Pole": "Antarctica/McMurdo",
    "Atlantic/Jan_Mayen": "Arctic/Longyearbyen",
    "Iceland": "Atlantic/Reykjavik",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
    "Pacific/Yap": "Pacific/Chuuk",
}
"""Old names whose link leads to a zone of another country, with the zone of their own."""

OF_NO_COUNTRY = frozenset(
    ["CET", "CST6CDT", "EET", "EST", "EST5EDT", "HST", "MET", "MST", "MST7MDT", "PST8PDT", "Pacific/Johnston", "WET"]
)
"""Names that link, in some builds of the database or in all, to a zone of a country and are not that country's: clocks
of several, and an empty island."""

WITH = {"GG": "GB", "IM": "GB", "JE": "GB"}
"""Countries by ISO code that count as one with another when names of one clock are compared."""

ZONES_FROM = {"AC": "SH", "TA": "SH", "XK": "RS"}
"""Regions of the numbering plans that have no row in zone.tab, with the country whose zones they keep."""

SEVERAL_CLOCKS = frozenset(
    ["AU", "BR", "CA", "CD", "CL", "EC", "ES", "FM", "GL", "ID", "KI", "MN", "MX", "NZ", "PF", "PG", "PT", "RU", "US"]
)
"""Regions where a number without a place may be in any zone. China and Ukraine have two clocks and are not here:
the legal time of all of China is Beijing's, and Ukraine's networks do not reach Crimea, where the clock is another."""

# Source: numbering plans, in part as the number library's own descriptions of prefixes have them, and zone.tab for
# what a zone covers. Decision record 0021 says which rows were checked against what.
_AREAS = {
    # Mexico: the law on time zones of 28 October 2022 (DOF) names the municipalities along the border.
    "America/Chihuahua": "52614 52621 52625 52627 52628 52629 52635 52639 52648 52652 52659",
    "America/Chihuahua America/Ciudad_Juarez": "52636 52657",
    "America/Chihuahua America/Monterrey": "52649",
    "America/Hermosillo": (
        "52622 52623 52631 52632 52633 52634 52637 52638 52641 52642 52643 52644 52645 52647 52651 52653 52662"
    ),
    "America/Matamoros": "52868 52897",
    "America/Matamoros America/Monterrey": "52862 52864 52869 52873 52891",
    "America/Tijuana": "52663",
    # Brazil: Anatel's area codes by state; Fernando de Noronha shares 81 with Recife, western Amazonas shares 97.
    "America/Sao_Paulo": "5555 5561 5562 5564 5571 5573 5574 5575 5577 5579",
    "America/Araguaina": "5563",
    "America/Cuiaba": "5565 5566",
    "America/Campo_Grande": "5567",
    "America/Rio_Branco": "5568",
    "America/Porto_Velho": "5569",
    "America/Noronha America/Recife": "5581",
    "America/Belem": "5591 5594 5596",
    "America/Manaus": "5592",
    "America/Santarem": "5593",
    "America/Boa_Vista": "5595",
    "America/Eirunepe America/Manaus": "5597",
    "America/Fortaleza": "5598 5599",
    # Russia: federal subjects by area code, and the decrees on Kaliningrad and Saratov as the database has them.
    "Europe/Kaliningrad": "7401",
    "Europe/Saratov": "7845",
    "Asia/Khandyga Asia/Srednekolymsk Asia/Ust-Nera Asia/Yakutsk": "7411",
    # Australia: the plan of the ACMA. Tweed Heads has numbers of the Gold Coast; 08 is three states.
    "Australia/Brisbane": "617",
    "Australia/Brisbane Australia/Sydney": "61755 61756",
    "Australia/Adelaide": "6188",
    "Australia/Adelaide Australia/Broken_Hill": "61880",
    "Australia/Darwin": "61889",
    "Australia/Adelaide Australia/Darwin": "6187",
    "Australia/Perth": "6186",
    # Chile: area codes of Subtel; numbers that hotels and offices on Easter Island publish.
    "America/Punta_Arenas": "5661",
    "America/Coyhaique": "5667",
    "America/Santiago Pacific/Easter": "56322100 5632255",
    "America/Coyhaique America/Punta_Arenas America/Santiago Pacific/Easter": "569",  # Mobile networks, of no region.
    # China: Xinjiang, where both clocks are in use.
    "Asia/Shanghai Asia/Urumqi": "8690 8699",
    # Democratic Republic of the Congo: Kasai and Kivu have eastern time, and 5 is on both sides.
    "Africa/Kinshasa": "2431 2433",
    "Africa/Lubumbashi": "2432 2434 2436",
    "Africa/Kinshasa Africa/Lubumbashi": "2435",
    # French Polynesia: 40 9 is the islands apart from the Society Islands.
    "Pacific/Gambier Pacific/Marquesas Pacific/Tahiti": "689409",
    # Indonesia: numbers of mobile networks are of no island.
    "Asia/Jakarta Asia/Jayapura Asia/Makassar": "628",
    # Mongolia: Hovd, Uvs and Bayan-Olgii are in the west, the other provinces of 4 are not.
    "Asia/Hovd Asia/Ulaanbaatar": "97614 97624",
    # Ukraine: Crimea and Sevastopol.
    "Europe/Kyiv Europe/Simferopol": "38065 380692",
    # North America: 867 is all of the territories; the overlays 879, 474 and 689 are where 709, 306 and 407 are.
    "America/Dawson America/Inuvik America/Iqaluit America/Rankin_Inlet America/Resolute America/Cambridge_Bay "
    "America/Whitehorse": "1867",
    "America/Goose_Bay America/Halifax America/St_Johns": "1709 1879",
    "America/Edmonton America/Regina": "1306 1474 1639",
    "America/New_York": "1689",
}

# Source: boundaries of 49 CFR part 71 and of the provinces, as zone.tab has them, on the map of area codes.
_MIXED = {
    "America/Chicago America/New_York": "1219 1270 1364 1423 1448 1574 1606 1812 1850 1906 1930",
    "America/Chicago America/Denver": "1308 1605 1620 1701 1785",
    "America/Boise America/Los_Angeles": "1208 1458 1541 1775 1986",
    "America/Denver America/Phoenix": "1928",
    "America/Adak America/Anchorage": "1907",
    "America/Edmonton America/Vancouver": "1236 1250 1257 1672 1778",
    "America/Atikokan America/Toronto America/Winnipeg": "1807",
    "America/Blanc-Sablon America/Halifax America/Toronto": "1367 1418 1581",
    "Australia/Adelaide Australia/Darwin Australia/Perth": "6185",
    "Australia/Perth": "6189",
}


def _by_prefix(table: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {prefix: tuple(sorted(names.split())) for names, prefixes in table.items() for prefix in prefixes.split()}


AREAS = _by_prefix(_AREAS)
"""Zones of the numbers that begin so, whatever the library says of a longer prefix."""

MIXED = _by_prefix(_MIXED)
"""Zones of the numbers that begin so, where the library does not know a longer prefix: areas that a boundary cuts."""
