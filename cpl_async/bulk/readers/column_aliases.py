"""The Czech, Slovak and English aliases of the columns."""

from __future__ import annotations

from ..parsing.text import fold

__all__ = ["COLUMN_OF", "ROUND_ABOUT", "SYNONYMS"]

SYNONYMS = {
    "reference_id": """
        reference, reference number, ref, order, order id, order no, order number, order code, order name, číslo
        objednávky, číslo obj, č obj, č objednávky, objednávka, kód objednávky, id objednávky, objednávka číslo, obj
        č, číslo objednávky eshop, reference zásilky, referenční číslo, referenčné číslo, číslo zakázky
    """,
    "product_type": """
        product, product code, produkt, typ produktu, kód produktu ppl, produkt ppl, ppl produkt, druh zásilky, typ
        zásilky, produkt přepravy, přepravní produkt, druh zásielky, typ zásielky, shipment type
    """,
    "name": """
        jméno a příjmení název firmy, jméno a příjmení firma, name,
        full name, recipient, consignee, customer, customer name, contact name, jméno, celé jméno, jméno a příjmení,
        příjmení a jméno, příjemce, adresát, zákazník, jméno zákazníka, meno, celé meno, meno a priezvisko,
        priezvisko a meno, príjemca, zákazník meno, odběratel, odberateľ, jméno firma, firma jméno, název příjemce,
        jméno nebo firma, jméno nebo název, ship to, ship to name
    """,
    "first_name": "given name, forename, křestní jméno, krstné meno, křestní, jméno křestní",
    "last_name": "surname, family name, příjmení, priezvisko",
    "name2": "second line of the name, jméno 2, název 2, meno 2, name line 2, jméno doplněk, doplněk jména",
    "company": """
        název společnosti, názov spoločnosti,
        company name, organisation, organization, business name, firma, název firmy, společnost, organizace, názov
        firmy, spoločnosť, organizácia, obchodní jméno, obchodné meno, jméno firmy
    """,
    "contact": "contact person, kontakt, kontaktní osoba, kontaktná osoba, kontaktní jméno, attention, attn, k rukám",
    "street": """
        address 1 2,
        street address, street and number, street name, address, address 1, address line, address line 1, ulice,
        ulice a číslo, ulice a čp, ulice a č p, ulice a číslo popisné, ulice čp, ulice č p, ulice číslo, adresa,
        adresa 1, ulica, ulica a číslo, ulica číslo, ulice a číslo domu, ulica a číslo domu
    """,
    "house_number": """
        house no, building number, street number, číslo domu, číslo popisné, č p, čp, popisné číslo, č domu, číslo
        popisné orientační, popisné orientační, súpisné číslo, čp čo, č p č o, domovní číslo
    """,
    "orientation_number": "číslo orientační, orientační číslo, orientačné číslo, č o, čo",
    "city": "town, municipality, město, obec, město obec, obec město, mesto, mesto obec",
    "zip_code": "zip, postcode, post code, postal code, postal, zip postal code, psč, poštovní směrovací číslo, psc",
    "country": """
        country name, název země, název státu,
        country code, country iso, země, stát, kód země, kód státu, země příjemce, krajina, štát, kód krajiny, kód
        štátu, iso země
    """,
    "phone": """
        kontaktní telefon, kontaktný telefón,
        phone number, telephone, telephone number, tel, tel č, tel číslo, mobile, mobile phone, cell phone, cell,
        telefon, telefonní číslo, mobil, číslo telefonu, telefón, telefónne číslo, mobilný telefón, mobilní telefon,
        mobilné číslo, gsm
    """,
    "email": "e mail, email address, e mail address, mail, e mailová adresa, emailová adresa, elektronická pošta",
    "cod": "cash on delivery, dobírka, na dobírku, dobierka, na dobierku, je dobírka, platba na dobírku, is cod",
    "cod_price": """
        cod amount, cod value, cash on delivery amount, částka dobírky, výše dobírky, cena dobírky, hodnota dobírky,
        dobírka částka, dobírková částka, dobírečné, suma dobierky, výška dobierky, cena dobierky, hodnota dobierky,
        dobierka suma, dobírka cena, čiastka dobierky, amount to collect
    """,
    "cod_currency": """
        currency, currency code, měna, měna dobírky, měna objednávky, kód měny, mena, mena dobierky, mena
        objednávky, kód meny, dobírka měna, order currency, cash on delivery currency
    """,
    "cod_var_sym": """
        variable symbol, var symbol, var sym, vs, cod variable symbol, variabilní symbol, variabilný symbol, var
        symb, variabilní symbol dobírky, dobírka vs, vs dobírky
    """,
    "order_total": """
        total price with vat, order total, order total amount, celková cena objednávky s dph,
        total, total price, grand total, order value, order price, total amount, amount total, celkem, cena celkem,
        celková cena, celkem k úhradě, k úhradě, celková částka, cena objednávky, celkem s dph, cena celkem s dph,
        celková cena s dph, částka celkem, hodnota objednávky, spolu, cena spolu, celkom, cena celkom, celková suma,
        suma spolu, celková cena s dph, cena objednávky s dph, celková cena objednávky
    """,
    "parcels": """
        parcel count, number of parcels, packages, number of packages, package count, boxes, počet balíků, balíků,
        počet zásilek, počet kusů zásilky, počet balíkov, počet zásielok, balíky, počet balení, number of pieces
    """,
    "weight_kg": """
        weight, parcel weight, weight of parcel, hmotnost, váha, hmotnost balíku, hmotnost zásilky, váha balíku,
        hmotnosť, hmotnosť balíka, hmotnosť zásielky, hmotnost kg, váha kg, weight kg, hmotnosť kg
    """,
    "parcel_shop_code": """
        id pobočky,
        parcel shop, parcelshop, pickup point, pickup point code, pick up point, pick up point code, pickup point
        id, access point, access point code, parcelshop id, kód výdejního místa, výdejní místo, id výdejního místa,
        číslo výdejního místa, kód pobočky, pobočka, parcelbox, kód parcelshopu, kód výdajného miesta, výdajné
        miesto, odběrné místo, kód odběrného místa, odberné miesto, kód odberného miesta
    """,
    "insurance_price": """
        insurance, insured value, insurance value, insurance amount, pojištění, částka pojištění, hodnota pojištění,
        výše pojištění, pojistná částka, připojištění, výše připojištění, poistenie, suma poistenia, výška
        poistenia, hodnota poistenia, poistná suma, pojistná hodnota, udaná cena
    """,
    "insurance_currency": "měna pojištění, měna připojištění, mena poistenia, pojištění měna",
    "note": """
        notes, remark, remarks, comment, comments, message, poznámka, poznámky, vzkaz, poznámka pro řidiče, poznámka
        pro dopravce, poznámka pre kuriéra, note for driver, delivery note, delivery instructions, poznámka k
        doručení, poznámka k zásilce, komentář, odkaz
    """,
    "services": "service, service codes, služby, služba, doplňkové služby, kódy služeb, doplnkové služby",
    "age_check": "age verification, age, kontrola věku, ověření věku, kontrola veku, overenie veku, 18 plus",
    "delivery_date": """
        date of delivery, requested delivery date, datum doručení, den doručení, datum dodání, dátum doručenia, deň
        doručenia, dátum dodania, požadované datum doručení, datum rozvozu
    """,
    "carrier": """
        shipping method, delivery method, shipping, delivery, delivery type, shipping type, courier, dopravce,
        doprava, způsob dopravy, způsob doručení, dopravca, spôsob dopravy, spôsob doručenia, typ dopravy, název
        dopravy, forma doručení
    """,
    "payment": """
        payment method, payment type, method of payment, platba, způsob platby, způsob úhrady, typ platby, forma
        úhrady, forma platby, spôsob platby, spôsob úhrady, název platby
    """,
}
"""Column → aliases; case, diacritics and punctuation do not count."""
ROUND_ABOUT = frozenset(
    [
        "dodaci",
        "dorucovaci",
        "dorucovacia",
        "dodacia",
        "dodacie",
        "dodacej",
        "adresa",
        "adresy",
        "adrese",
        "address",
        "prijemce",
        "prijemca",
        "prijemcu",
        "adresat",
        "adresata",
        "recipient",
        "recipients",
        "consignee",
        "receiver",
        "shipping",
        "delivery",
        "ship",
        "to",
        "doruceni",
        "dorucenia",
        "dodani",
        "dodania",
        "the",
        "of",
        "pro",
        "pre",
        "na",
        "v",
        "in",
        "s",
    ]
)
"""Words beside an alias that only mean the recipient."""


def _by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for column, names in SYNONYMS.items():
        for name in (column, *names.split(",")):
            if found.setdefault(fold(name), column) != column:
                raise AssertionError(f"{name} stands for {column} and {found[fold(name)]}")
    return found


COLUMN_OF = _by_name()
"""Folded alias → column."""
