"""The sandbox's code lists: the values that are known of the carrier's, and enough more to be useful."""

from __future__ import annotations

from attrs import frozen

__all__ = [
    "AGE_CHECKS",
    "CASH_LIMITS",
    "COUNTRIES",
    "CURRENCIES",
    "DOCUMENT_TYPES",
    "EXTERNAL_NUMBERS",
    "IDENTITY_DOCUMENTS",
    "INSURANCE_LIMITS",
    "PHASES",
    "PRODUCTS",
    "SERVICES",
    "STATUSES",
    "TO_PICKUP_POINT",
    "VALIDATION_MESSAGES",
    "WITH_CASH",
    "Code",
]


@frozen
class Code:
    """A code with its name in both languages."""

    code: str
    czech: str
    english: str
    flag: bool = True
    """Whether a customer may set it; for a country, whether money may be collected there."""


AGE_CHECKS = (
    Code("A15", "Kontrola věku 15+", "Age check 15+"),
    Code("A18", "Kontrola věku 18+", "Age check 18+"),
)
PRODUCTS = (
    Code("PRIV", "PPL Parcel CZ Private", "PPL Parcel CZ Private"),
    Code("PRID", "PPL Parcel CZ Private – dobírka", "PPL Parcel CZ Private – cash on delivery"),
    Code("BUSS", "PPL Parcel CZ Business", "PPL Parcel CZ Business"),
    Code("BUSD", "PPL Parcel CZ Business – dobírka", "PPL Parcel CZ Business – cash on delivery"),
    Code("SMAR", "PPL Parcel CZ Smart – výdejní místo", "PPL Parcel CZ Smart – pickup point"),
    Code(
        "SMAD", "PPL Parcel CZ Smart – výdejní místo, dobírka", "PPL Parcel CZ Smart – pickup point, cash on delivery"
    ),
    Code("SBOX", "PPL Parcel CZ Smart2Box", "PPL Parcel CZ Smart2Box"),
    Code("CONN", "PPL Parcel Connect", "PPL Parcel Connect"),
    Code("COND", "PPL Parcel Connect – dobírka", "PPL Parcel Connect – cash on delivery"),
    Code("COPL", "PPL Parcel Connect Plus", "PPL Parcel Connect Plus"),
    Code("SMEU", "PPL Parcel Smart Europe – výdejní místo", "PPL Parcel Smart Europe – pickup point"),
    Code(
        "SMED",
        "PPL Parcel Smart Europe – výdejní místo, dobírka",
        "PPL Parcel Smart Europe – pickup point, cash on delivery",
    ),
    Code("DOPO", "Vývozní balík", "Export parcel"),
    Code("RETD", "Vrácení zásilky", "Return"),
    Code("IMPO", "Dovozní balík", "Import parcel"),
)
EXTERNAL_NUMBERS = (
    Code("CUST", "Reference zákazníka", "Customer's reference"),
    Code("ESPN", "Číslo pro spojení setu", "Number for combining sets"),
    Code("PRTE", "Externí číslo partnera, text", "Partner's number, text"),
    Code("PRBC", "Externí číslo partnera, čárový kód", "Partner's number, barcode"),
    Code("B2CO", "Objednávka B2C", "B2C order"),
    Code("VARS", "Variabilní symbol", "Variable symbol"),
    Code("INVO", "Číslo faktury", "Invoice number", flag=False),
)
COUNTRIES = (
    Code("CZ", "Česká republika", "Czech Republic"),
    Code("SK", "Slovensko", "Slovakia"),
    Code("PL", "Polsko", "Poland"),
    Code("HU", "Maďarsko", "Hungary"),
    Code("RO", "Rumunsko", "Romania"),
    Code("DE", "Německo", "Germany", flag=False),
    Code("AT", "Rakousko", "Austria", flag=False),
    Code("BE", "Belgie", "Belgium", flag=False),
    Code("BG", "Bulharsko", "Bulgaria", flag=False),
    Code("DK", "Dánsko", "Denmark", flag=False),
    Code("EE", "Estonsko", "Estonia", flag=False),
    Code("ES", "Španělsko", "Spain", flag=False),
    Code("FI", "Finsko", "Finland", flag=False),
    Code("FR", "Francie", "France", flag=False),
    Code("GB", "Velká Británie", "Great Britain", flag=False),
    Code("GR", "Řecko", "Greece", flag=False),
    Code("HR", "Chorvatsko", "Croatia", flag=False),
    Code("CH", "Švýcarsko", "Switzerland", flag=False),
    Code("IE", "Irsko", "Ireland", flag=False),
    Code("IT", "Itálie", "Italy", flag=False),
    Code("LT", "Litva", "Lithuania", flag=False),
    Code("LU", "Lucembursko", "Luxembourg", flag=False),
    Code("LV", "Lotyšsko", "Latvia", flag=False),
    Code("NL", "Nizozemsko", "Netherlands", flag=False),
    Code("NO", "Norsko", "Norway", flag=False),
    Code("PT", "Portugalsko", "Portugal", flag=False),
    Code("SE", "Švédsko", "Sweden", flag=False),
    Code("SI", "Slovinsko", "Slovenia", flag=False),
)
CURRENCIES = (
    Code("CZK", "Česká koruna", "Czech koruna"),
    Code("EUR", "Euro", "Euro"),
    Code("PLN", "Polský zlotý", "Polish zloty"),
    Code("HUF", "Maďarský forint", "Hungarian forint"),
    Code("RON", "Rumunský lei", "Romanian leu"),
    Code("USD", "Americký dolar", "US dollar"),
    Code("GBP", "Britská libra", "Pound sterling"),
)
SERVICES = (
    Code("COD", "Dobírka", "Cash on delivery", flag=False),
    Code("INSR", "Připojištění", "Insurance", flag=False),
    Code("MORN", "Dopolední doručení", "Morning delivery"),
    Code("EVDO", "Večerní doručení", "Evening delivery"),
    Code("SATD", "Sobotní doručení", "Saturday delivery"),
    Code("DOCB", "Dokumenty zpět", "Documents back"),
    Code("AGEC", "Kontrola věku", "Age check"),
    Code("FRAG", "Křehké", "Fragile"),
    Code("EXWO", "Ex works", "Ex works"),
)
PHASES = (
    Code("Order", "Objednávka", "Order"),
    Code("InTransport", "V přepravě", "In transport"),
    Code("Delivering", "Na cestě k příjemci", "Out for delivery"),
    Code("PickupPoint", "Na výdejním místě", "At a pickup point"),
    Code("Delivered", "Doručeno", "Delivered"),
    Code("Returning", "Vrací se", "Returning"),
    Code("BackToSender", "Vráceno odesílateli", "Back to the sender"),
    Code("Canceled", "Zrušeno", "Cancelled"),
    Code("Deleted", "Smazáno", "Deleted"),
)
STATUSES = (
    Code("1", "Data o zásilce přijata", "Shipment data received"),
    Code("2", "Zásilka převzata k přepravě", "Shipment picked up"),
    Code("3", "Zásilka v třídicím centru", "Shipment in a sorting centre"),
    Code("4", "Zásilka na cestě k příjemci", "Shipment out for delivery"),
    Code("5", "Zásilka doručena", "Shipment delivered"),
    Code("6", "Příjemce nezastižen", "Recipient not found"),
    Code("7", "Zásilka uložena na výdejním místě", "Shipment at a pickup point"),
    Code("8", "Zásilka se vrací odesílateli", "Shipment returning"),
    Code("9", "Zásilka vrácena odesílateli", "Shipment back at its sender"),
    Code("10", "Zásilka zrušena", "Shipment cancelled"),
)
IDENTITY_DOCUMENTS = (
    Code("ID", "Občanský průkaz", "Identity card"),
    Code("PAS", "Cestovní pas", "Passport"),
    Code("DRV", "Řidičský průkaz", "Driving licence"),
    Code("RES", "Povolení k pobytu", "Residence permit"),
)
DOCUMENT_TYPES = (
    Code("INV", "Obchodní faktura", "Commercial invoice"),
    Code("PROF", "Proforma faktura", "Proforma invoice"),
    Code("CERT", "Osvědčení o původu", "Certificate of origin"),
    Code("OTHR", "Jiný dokument", "Other document"),
)
VALIDATION_MESSAGES = (
    Code("", "Pole je povinné.", "The field is required."),
    Code("", "Neznámý produkt.", "Unknown product."),
    Code("", "Neznámá země.", "Unknown country."),
    Code("", "Výdejní místo neexistuje", "The pickup point does not exist"),
    Code("", "Den svozu je v minulosti", "The day of the collection is past"),
    Code("", "PRTE a PRBC se vylučují.", "PRTE and PRBC exclude each other."),
)
CASH_LIMITS = {
    "CZ": ("CZK", 1, 100_000),
    "SK": ("EUR", 1, 5_000),
    "PL": ("PLN", 1, 15_000),
    "HU": ("HUF", 1, 1_000_000),
    "RO": ("RON", 1, 15_000),
}
"""Country → currency, least and most of cash on delivery."""
INSURANCE_LIMITS = {
    "CZK": (1, 1_000_000),
    "EUR": (1, 40_000),
    "PLN": (1, 170_000),
    "HUF": (1, 15_000_000),
    "RON": (1, 200_000),
}
"""Currency → least and most value of insurance."""
WITH_CASH = frozenset({"PRID", "BUSD", "SMAD", "COND", "SMED"})
TO_PICKUP_POINT = frozenset({"SMAR", "SMAD", "SMEU", "SMED"})
