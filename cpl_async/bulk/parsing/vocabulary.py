"""The words for payment, carriers, pickup points, insurance and parcels in the languages of the carrier's countries.

All words are folded: lower case, without diacritics. A stem matches each word that begins with it.
"""

from __future__ import annotations

__all__ = [
    "AMBIGUOUS_STEMS",
    "CARRIER_HEADINGS",
    "CARRIER_PHRASES",
    "CARRIER_STEMS",
    "CARRIER_WORDS",
    "CASH_STEMS",
    "CASH_WORDS",
    "COLLECT_PHRASES",
    "COLLECT_STEMS",
    "COUNT_STEMS",
    "FREE_TEXT_HEADINGS",
    "HANDOVER_STEMS",
    "IGNORED_HEADINGS",
    "INSURANCE_STEMS",
    "ITEM_WORDS",
    "NEGATIONS",
    "OWN_CARRIER",
    "PARCEL_STEMS",
    "PAYMENT_BEGINNINGS",
    "PAYMENT_STEMS",
    "PERSONAL_COLLECTION_STEMS",
    "PICKUP_PHRASES",
    "PICKUP_STEMS",
    "POINT_HEADINGS",
    "PREPAID_STEMS",
    "PREPAID_WORDS",
    "SHOP_STEMS",
    "UNMISTAKABLE_PHRASES",
    "WEAK_PREPAID_STEMS",
    "WEAK_PREPAID_WORDS",
]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in " ".join(text.split()).split(","))


NEGATIONS = frozenset(_words("bez without no not ne nie neni nikoli nikoliv ohne kein keine nicht nem nelkul fara"))

COLLECT_STEMS = _words("""
    dobirk dobirec dobierk nachnahm pobran utanvet ramburs cashondeliv inkas pouzec povzetj povzetk contrareembols
    contreremb contrassegn
""")
"""Cash on delivery; ``cod`` counts as a whole word only."""
COLLECT_PHRASES = _phrases("""
    cash on delivery, pay on delivery, payment on delivery, paid on delivery, collect on delivery, contra reembolso,
    contre remboursement, bar bei lieferung, vybrat od zakaznika, vybrat od prijemce, amount to collect
""")
HANDOVER_STEMS = _words("""
    prevzet prevzat prevziat doruc dodan kuryr kurier kurir courier ridic sofer driver fahrer zustell dopravc prepravc
    postman postak vydejn vydajn poboc parcelshop parcelbox odber terminal pickup delivery lieferung abhol odbior
    odbierz dostaw dostav futar atvetel kezbesit livrare curier preuzim prevzem empfang misto miste miesto mieste vodic
    doorstep ubernahm ubergab box schranc schrank automat
""")
"""Words for the place, the time or the person of the delivery: what is paid there is paid on delivery."""
PAYMENT_STEMS = _words("plat plac pay zahl bezahl fizet uhrad zaplat zaplac naleznosc suma")
CASH_STEMS = _words("hotov gotowk keszpenz barzahl numerar gotovin")
CASH_WORDS = frozenset(_words("cash bar bargeld"))
PREPAID_STEMS = _words("""
    predem vopred prepaid prevod transfer wire paypal online gopay comgate stripe twisto faktur invoice rechnung
    zaplacen zaplaten uhrazen uhraden paid poukaz poukazk voucher gutschein webpay paygate gpweb csob thepay payu
    amazonpay skippay platby24 przelew przedplat oplacon szamla vorkasse vorauskasse voraus uberweis klarna mollie adyen
    barion simplepay blik dotpay tpay payeezy sofort giropay bancontact bezahlt kifizet elore atutal proform predfaktur
    vklad zaloh splatk installment leasing cofidis essox mallpay benefit edenred sodexo pluxee multisport shopify
    woocommerce authorize braintree worldpay besteron trustpay vub tatrapay cardpay viamo cetelem revolut wise bitcoin
    krypto crypto
""")
PREPAID_WORDS = frozenset(_words("qr bacs bankwire cheque sek skip ideal eps sepa internetbanking"))
WEAK_PREPAID_STEMS = _words("credit kredit bank apple google visa mastercard maestro debit")
"""Means of payment that are in advance unless the place is the delivery: ``kartou``, ``kartou u kurýra``."""
WEAK_PREPAID_WORDS = frozenset(
    _words("karta kartou kartu karty karte kartami karten kartya kartyaval kartyas card cards mc gpay")
)
"""Whole words, since cardboard is no payment."""
PERSONAL_COLLECTION_STEMS = _words("osobn personal selbst szemelyes")
SHOP_STEMS = _words("prodejn predajn showroom store obchod laden sklep uzlet bolt magazin")
"""A shop of the sender: what is paid there is not collected by the carrier."""

PICKUP_STEMS = _words("""
    parcelshop parcelbox paketshop paketbox packstation paczkomat alzabox vydejn vydajn csomagpont csomagautomat
    pickuppoint abholstation abholort boxom
""")
PICKUP_PHRASES = _phrases("""
    parcel shop, parcel box, parcel locker, pickup point, pick up point, access point, odberne misto, odberne miesto,
    vydejni misto, vydajne miesto, z box, ppl box, punkt odbioru, punkt odbioru paczki, automat paczkowy, atveteli pont,
    atvevohely, csomag automata, paket shop, abhol station, punct de ridicare, smart point
""")
CARRIER_STEMS = _words("""
    zasilkovn zasielkovn packeta balikovn inpost fedex toptrans wedo mailstep liftago foxpost sameday cargus geis
    dachser schenker raben ambro dodopost posta123 kurier123 mpl expressone hermes evri correos seur poczt paczkomat
    trans-o-flex pocztex orlenpaczk magyarposta ceskaposta slovenskaposta deutschepost royalmail speedy econt
""")
CARRIER_WORDS = frozenset(_words("dpd gls dhl ups tnt sps gw intime fofr ppost brt mrw usps bpost postnl wedo mpl"))
CARRIER_PHRASES = _phrases("""
    ceska posta, slovenska posta, magyar posta, deutsche post, osterreichische post, royal mail, poczta polska,
    balik do ruky, balik na postu, balik do balikovny, in time, express one, fan courier, gebruder weiss, orlen paczka,
    allegro one, kuryr 123, 123 kurier, trans o flex, cesky spediter, db schenker, dodo
""")
OWN_CARRIER = "ppl"

INSURANCE_STEMS = _words("pojis poist pripojis insur versicher ubezpiecz biztosit asigur wartosciow udana")
COUNT_STEMS = _words("pocet number count anzahl liczba ilosc szam darab numar kolik")
PARCEL_STEMS = _words(
    "balik baliku balen zasilek zasiel packag parcel piece colli kolli paket pakiet paczek csomag kusu"
)

ITEM_WORDS = frozenset(
    _words("""
        polozka polozky polozek poloziek item items lineitem sku ean mnozstvi mnozstvo quantity qty ks kus kusu kusy
        kusov zbozi tovar varianta variant line artikel menge towar
    """)
)
"""Words in the heading of a column about one item of an order."""
PAYMENT_BEGINNINGS = _words("""
    platb platim zaplat kartou hotove hotovost platob plateb pay cash zahl barzahl platnosc fizet
""")
"""Beginnings of the first word of a note that is a phrase of payment as a whole."""
AMBIGUOUS_STEMS = _words("""
    box schran automat terminal pickup misto miesto delivery
""")
"""Words that name goods as well as a place of payment: ``cash box``."""
FREE_TEXT_HEADINGS = _words("""
    pozn note remark comment koment vzkaz message zprav sprav popis desc title nazev nazov item lineitem polozk
    polozek product produkt zbozi tovar goods obsah content sku artikel bemerk uwag megjegyz tag keyword variant
    memo instruc text name custom label
""")
"""Beginnings of words in headings of notes and of names of goods."""
IGNORED_HEADINGS = _words("""
    bill faktur fakt invoice rechnung szamla sender odesil odosiel absend nadawc felado buyer seller prodej url
    agent referer ip email mail user login browser error
""")
"""Beginnings of words in headings of other parties and of what a program adds."""
CARRIER_HEADINGS = _words("""
    dopravc doprav carrier courier kuryr kurier prepravc spedit versand przewoz
""")
"""Beginnings of words in headings of carriers."""
POINT_HEADINGS = _words("""
    vydej vydaj poboc parcelshop parcelbox paketshop pickup odbern abhol csomagpont
""")
"""Beginnings of words in headings of pickup points."""
UNMISTAKABLE_PHRASES = _phrases("""
    na dobirku, na dobierku, platba dobirkou, platba dobierkou, per nachnahme, za pobraniem, utanvettel, hotove
    pri prevzeti, platba pri prevzeti, kartou pri prevzeti, platba kuryrovi, platba pri prevzati, kartou u
    kuryra, hotovost pri prevzati, platnosc przy odbiorze
""")
"""Phrases of cash on delivery that no ordinary note holds."""
