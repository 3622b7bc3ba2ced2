"""The Czech, Slovak and English aliases of the columns."""

from __future__ import annotations

from ..parsing.text import fold

__all__ = ["BESIDE", "COLUMN_OF", "SYNONYMS"]

SYNONYMS = {
    "reference_id": """
        customer reference, sales record number, bestellnummer, auftragsnummer, numer zamówienia, nr
        zamówienia, rendelésszám, rendelés száma, rendelési szám, reference, reference number, ref, order,
        order id, order no, order number, order code, order name, číslo objednávky, číslo obj, č obj, č
        objednávky, objednávka, kód objednávky, id objednávky, objednávka číslo, obj č, číslo objednávky
        eshop, reference zásilky, referenční číslo, referenčné číslo, číslo zakázky
    """,
    "product_type": """
        package type, služba ppl, typ balíku, produkt kód, product, product code, produkt, typ produktu, kód
        produktu ppl, produkt ppl, ppl produkt, druh zásilky, typ zásilky, produkt přepravy, přepravní
        produkt, druh zásielky, typ zásielky, shipment type
    """,
    "name": """
        nazwa odbiorcy, imię i nazwisko, vor und nachname, név, teljes név, imie nazwisko, jméno nebo název
        příjemce, jméno a příjmení název firmy, jméno a příjmení firma, name, full name, recipient, consignee,
        customer, customer name, contact name, jméno, celé jméno, jméno a příjmení, příjmení a jméno,
        příjemce, adresát, zákazník, jméno zákazníka, meno, celé meno, meno a priezvisko, priezvisko a meno,
        príjemca, zákazník meno, odběratel, odberateľ, jméno firma, firma jméno, název příjemce, jméno nebo
        firma, jméno nebo název, ship to
    """,
    "first_name": """
        vorname, imię, keresztnév, given name, forename, křestní jméno, krstné meno, křestní, jméno křestní
    """,
    "last_name": """
        nachname, familienname, nazwisko, vezetéknév, surname, family name, příjmení, priezvisko
    """,
    "name2": """
        second line of the name, jméno 2, název 2, meno 2, name line 2, jméno doplněk, doplněk jména
    """,
    "company": """
        unternehmen, nazwa firmy, cégnév, cég, název společnosti, názov spoločnosti, company name,
        organisation, organization, business name, firma, název firmy, společnost, organizace, názov firmy,
        spoločnosť, organizácia, obchodní jméno, obchodné meno, jméno firmy
    """,
    "contact": """
        ansprechpartner, osoba kontaktowa, kapcsolattartó, contact person, kontakt, kontaktní osoba, kontaktná
        osoba, kontaktní jméno, attention, attn, k rukám
    """,
    "street": """
        street line, street line 1, address line one, straße, strasse, adresse, ulica i numer, ulica nr domu,
        utca, cím, utca házszám, ulice a čo, straße und hausnummer, street 1, address 1 2, street address,
        street and number, street name, address, address 1, address line, address line 1, ulice, ulice a
        číslo, ulice a čp, ulice a č p, ulice a číslo popisné, ulice čp, ulice č p, ulice číslo, adresa,
        adresa 1, ulica, ulica a číslo, ulica číslo, ulice a číslo domu, ulica a číslo domu
    """,
    "house_number": """
        street nr, house nr, hausnummer, numer domu, nr domu, házszám, street number house, číslo popisné
        orientační čp čo, house no, building number, street number, číslo domu, číslo popisné, č p, čp,
        popisné číslo, č domu, číslo popisné orientační, popisné orientační, súpisné číslo, čp čo, č p č o,
        domovní číslo
    """,
    "orientation_number": """
        číslo orientační, orientační číslo, orientačné číslo, č o, čo
    """,
    "city": """
        town name, city name, ort, stadt, miasto, miejscowość, város, település, helység, town, municipality,
        město, obec, město obec, obec město, mesto, mesto obec
    """,
    "zip_code": """
        plz, postleitzahl, kod pocztowy, irányítószám, irsz, zip codes, zip, postcode, post code, postal code,
        postal, zip postal code, psč, poštovní směrovací číslo, psc
    """,
    "country": """
        land, kraj, ország, ländercode, kod kraju, országkód, countrycode, country name, název země, název
        státu, country code, country iso, země, stát, kód země, kód státu, země příjemce, krajina, štát, kód
        krajiny, kód štátu, iso země
    """,
    "phone": """
        telefonnummer, handynummer, numer telefonu, telefonszám, contact phone, telefon kontaktní, kontaktní
        telefon, kontaktný telefón, phone number, telephone, telephone number, tel, tel č, tel číslo, mobile,
        mobile phone, cell phone, cell, telefon, telefonní číslo, mobil, číslo telefonu, telefón, telefónne
        číslo, mobilný telefón, mobilní telefon, mobilné číslo, gsm
    """,
    "email": """
        contact email, e mail adresse, adres email, adres e mail, email cím, e mail, email address, e mail
        address, mail, e mailová adresa, emailová adresa, elektronická pošta
    """,
    "cod": """
        nachnahme, za pobraniem, pobranie, utánvét, utánvétes, cash on delivery, dobírka, na dobírku,
        dobierka, na dobierku, je dobírka, platba na dobírku, is cod
    """,
    "cod_price": """
        dobirka price, dobírka kč, nachnahmebetrag, betrag nachnahme, kwota pobrania, wartość pobrania,
        utánvét összege, utánvét összeg, cod amount, cod value, cash on delivery amount, částka dobírky, výše
        dobírky, cena dobírky, hodnota dobírky, dobírka částka, dobírková částka, dobírečné, suma dobierky,
        výška dobierky, cena dobierky, hodnota dobierky, dobierka suma, dobírka cena, čiastka dobierky, amount
        to collect
    """,
    "cod_currency": """
        währung, waluta, pénznem, valuta, currency, currency code, měna, měna dobírky, měna objednávky, kód
        měny, mena, mena dobierky, mena objednávky, kód meny, dobírka měna, order currency, cash on delivery
        currency
    """,
    "cod_var_sym": """
        varsymb, variabilní symbol id, verwendungszweck, variable symbol, var symbol, var sym, vs, cod
        variable symbol, variabilní symbol, variabilný symbol, var symb, variabilní symbol dobírky, dobírka
        vs, vs dobírky
    """,
    "order_total": """
        gesamtbetrag, gesamtsumme, summe, wartość zamówienia, suma zamówienia, razem, végösszeg, összesen,
        rendelés összege, total price with vat, order total, order total amount, celková cena objednávky s
        dph, total, total price, grand total, order value, order price, total amount, amount total, celkem,
        cena celkem, celková cena, celková částka, cena objednávky, celkem s dph, cena celkem s dph, celková
        cena s dph, částka celkem, hodnota objednávky, spolu, cena spolu, celkom, cena celkom, celková suma,
        suma spolu, cena objednávky s dph, celková cena objednávky
    """,
    "parcels": """
        items count, počet kusů, počet kusov, anzahl pakete, paketanzahl, liczba paczek, ilość paczek,
        csomagok száma, csomagszám, počet balíčků, kusů v zásilce, počet kolli, parcel count, number of
        parcels, packages, number of packages, package count, boxes, počet balíků, balíků, počet zásilek,
        počet kusů zásilky, počet balíkov, počet zásielok, balíky, počet balení, number of pieces
    """,
    "weight_kg": """
        gewicht, paketgewicht, waga, waga paczki, súly, tömeg, csomag súlya, weight, parcel weight, weight of
        parcel, hmotnost, váha, hmotnost balíku, hmotnost zásilky, váha balíku, hmotnosť, hmotnosť balíka,
        hmotnosť zásielky, hmotnost kg, váha kg, weight kg, hmotnosť kg
    """,
    "parcel_shop_code": """
        paketshop, paketshop id, punkt odbioru, kod punktu odbioru, átvételi pont, csomagpont, csomagpont
        azonosító, abholstation, parcelshop code, kód parcelboxu, id výdajného miesta, číslo odběrného místa,
        id pobočky, parcel shop, parcelshop, pickup point, pickup point code, pick up point, pick up point
        code, pickup point id, access point, access point code, parcelshop id, kód výdejního místa, výdejní
        místo, id výdejního místa, číslo výdejního místa, kód pobočky, pobočka, parcelbox, kód parcelshopu,
        kód výdajného miesta, výdajné miesto, odběrné místo, kód odběrného místa, odberné miesto, kód
        odberného miesta
    """,
    "insurance_price": """
        připojistit na, pripoistiť na, versicherungswert, versicherung, wartość ubezpieczenia, ubezpieczenie,
        biztosítás, biztosítási érték, insurance, insured value, insurance value, insurance amount, pojištění,
        částka pojištění, hodnota pojištění, výše pojištění, pojistná částka, připojištění, výše připojištění,
        poistenie, suma poistenia, výška poistenia, hodnota poistenia, poistná suma, pojistná hodnota, udaná
        cena
    """,
    "insurance_currency": """
        měna pojištění, měna připojištění, mena poistenia, pojištění měna
    """,
    "note": """
        print message, bemerkung, hinweis, uwagi, megjegyzés, note to courier, notes, remark, remarks,
        comment, comments, message, poznámka, poznámky, vzkaz, poznámka pro řidiče, poznámka pro dopravce,
        poznámka pre kuriéra, note for driver, delivery note, delivery instructions, poznámka k doručení,
        poznámka k zásilce, komentář, odkaz
    """,
    "services": """
        service, service codes, služby, služba, doplňkové služby, kódy služeb, doplnkové služby
    """,
    "age_check": """
        altersprüfung, alterskontrolle, weryfikacja wieku, kontrola wieku, életkor ellenőrzés, korhatár, age
        verification, age, kontrola věku, ověření věku, kontrola veku, overenie veku, 18 plus
    """,
    "delivery_date": """
        liefertermin, lieferdatum, data dostawy, szállítás dátuma, date of delivery, requested delivery date,
        datum doručení, den doručení, datum dodání, dátum doručenia, deň doručenia, dátum dodania, požadované
        datum doručení, datum rozvozu
    """,
    "carrier": """
        způsob přepravy, přepravce, versandart, spediteur, przewoźnik, sposób dostawy, metoda dostawy,
        szállítási mód, futárszolgálat, lieferart, způsob dodání, shipping service, ship service level,
        shipping method, delivery method, shipping, delivery, delivery type, shipping type, courier, dopravce,
        doprava, způsob dopravy, způsob doručení, dopravca, spôsob dopravy, spôsob doručenia, typ dopravy,
        název dopravy, forma doručení
    """,
    "payment": """
        payment method title, payment title, payment name, zahlungsart, zahlungsmethode, zahlweise, sposób
        płatności, metoda płatności, forma płatności, fizetési mód, fizetés módja, způsob platby název,
        platební metoda, úhrada, billing method, typ úhrady, payment method, payment type, method of payment,
        platba, způsob platby, způsob úhrady, typ platby, forma úhrady, forma platby, spôsob platby, spôsob
        úhrady, název platby
    """,
    "street2": """
        address 2, address line 2, street 2, street line 2, adresa 2, ulice 2, ulica 2, adresszusatz, adresse
        2, adres 2, cím 2, doplněk adresy, adresa doplněk, druhý řádek adresy, address line two, apartment,
        byt, číslo bytu
    """,
    "street3": """
        address 3, address line 3, street 3, adresa 3, ulice 3, adresse 3, adres 3
    """,
    "amount_due": """
        price to pay, amount due, balance due, outstanding, outstanding balance, to pay, k úhradě, celkem k
        úhradě, zbývá uhradit, zbývá doplatit, k doplacení, doplatek, na úhradu, zostáva uhradiť, offener
        betrag, restbetrag, do zapłaty, pozostało do zapłaty, fizetendő
    """,
    "amount_paid": """
        paid amount, already paid, total paid, zaplaceno kč, zaplacená částka, uhrazená částka, uhrazeno kč,
        už zaplaceno, zaplatená suma, uhradená suma, bezahlter betrag, zapłacono, kifizetve
    """,
}
"""Column → aliases; case, diacritics and punctuation do not count."""
BESIDE = frozenset(("adresa", "adresy", "adrese", "address", "the", "of", "pro", "pre", "na", "v", "in", "s"))
"""Words beside an alias that change nothing."""


def _by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for column, names in SYNONYMS.items():
        for name in (column, *names.split(",")):
            if found.setdefault(fold(name), column) != column:
                raise AssertionError(f"{name} stands for {column} and {found[fold(name)]}")
    return found


COLUMN_OF = _by_name()
"""Folded alias → column."""
