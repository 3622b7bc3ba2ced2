"""What this package says of rows, in English and in Czech; a pair of braces is any text."""

from __future__ import annotations

__all__ = ["PHRASES"]

PHRASES: dict[str, str] = {
    # kinds of values
    "text": "text",
    "a whole number": "celé číslo",
    "a number": "číslo",
    "a whole number or a Decimal": "celé číslo nebo Decimal",
    "true or false": "ano nebo ne",
    "a Decimal": "Decimal",
    "a datetime": "datum s časem",
    "a date": "datum",
    "a time of day": "čas dne",
    "digits only": "jen číslice",
    "five digits": "pět číslic",
    "a currency code of three capital letters": "kód měny ze tří velkých písmen",
    "a currency code of three capital letters, e.g. CZK or EUR": "kód měny ze tří velkých písmen, např. CZK nebo EUR",
    "a country code of two capital letters": "kód země ze dvou velkých písmen",
    "that country": "této zemi",
    # what the models ask for
    "is missing": "chybí",
    "must not be empty": "nesmí být prázdné",
    "must be a list": "musí být seznam",
    "must be a time of day in whole seconds without an offset": "patří sem čas v celých sekundách bez pásma",
    "must be {}, not {}": "patří sem {}, ne {}",
    "needs its offset, e.g. datetime.now(UTC)": "potřebuje časové pásmo, např. datetime.now(UTC)",
    "needs at least {} characters": "musí mít aspoň tolik znaků: {}",
    "needs at least {}": "musí jich být aspoň {}",
    "has {} characters, at most {} are allowed": "má znaků: {}, povoleno je nejvýše {}",
    "has {} items, at most {} are allowed": "má položek: {}, povoleno je nejvýše {}",
    "has more than the {} decimal places that are allowed": "má víc desetinných míst, než je povoleno: {}",
    "is {}, at least {} is needed": "je {}, musí být aspoň {}",
    "is {}, at most {} is allowed": "je {}, povoleno je nejvýše {}",
    "is {}, allowed: {}": "je {}, povoleno: {}",
    "is too large, at most {} digits stand before the decimal point": (
        "je příliš velké, před desetinnou čárkou smí být číslic nejvýše {}"
    ),
    "is no model, but {}": "není model, ale {}",
    "is {}, which is before {}": "je {}, což je dříve než {}",
    "describes {} parcels of {}": "popisuje balíků: {}, zásilka jich má {}",
    "is missing, product {} collects money": "chybí, produkt {} vybírá peníze",
    "is missing, product {} goes to a pickup point": "chybí, produkt {} jde na výdejní místo",
    "{} collects no money, {} does": "{} peníze nevybírá, vybírá je {}",
    "PRTE and PRBC exclude each other": "PRTE a PRBC se navzájem vylučují",
    # what a cell holds
    "is empty": "je prázdné",
    "is empty, product {} needs it": "je prázdné, produkt {} to potřebuje",
    "is empty: write what the courier collects, or the order's total": (
        "je prázdné: napište, kolik má kurýr vybrat, nebo celkovou cenu objednávky"
    ),
    "is {}: write the amount": "je {}: napište částku",
    "has {} characters; over {} it could not be asked after": "má znaků: {}; nad {} by se na ni nedalo zeptat",
    "has over {} characters: give an external number of code CUST, or it cannot be asked after": (
        "má víc znaků než {}: dejte zásilce externí číslo s kódem CUST, jinak se na ni nedá zeptat"
    ),
    "is no e-mail address: {}": "není e-mailová adresa: {}",
    "is no telephone number: {}": "není telefonní číslo: {}",
    "is no telephone number: {}, it has {} digits with its country's code": (
        "není telefonní číslo: {}, s předvolbou země má číslic: {}"
    ),
    "holds a line break or a control character": "obsahuje konec řádku nebo řídicí znak",
    "begins like a formula of a spreadsheet: {}": "začíná jako vzorec tabulky: {}",
    "has four digits: {}; a Czech postcode has five and none begins with 0, so one is missing": (
        "má čtyři číslice: {}; české PSČ jich má pět a žádné nezačíná nulou, jedna tedy chybí"
    ),
    "is no postcode of {}: {} (five digits, e.g. {})": "není PSČ země {}: {} (pět číslic, např. {})",
    "is no number, or one that is too long: {} (1249.50 is a good one)": (
        "není číslo, nebo je příliš dlouhé: {} (správně je třeba 1249.50)"
    ),
    "is no whole number: {}": "není celé číslo: {}",
    "is {}, and must not be negative": "je {} a nesmí být záporné",
    "{} can be read in two ways: write {} or the other day so": (
        "{} se dá číst dvěma způsoby: napište {}, nebo stejně ten druhý den"
    ),
    "{} can be read in two ways: write {} or {}": "{} se dá číst dvěma způsoby: napište {}, nebo {}",
    "is no date: {} (write it like 2026-11-25 or 25.11.2026)": (
        "není datum: {} (pište je jako 2026-11-25 nebo 25.11.2026)"
    ),
    "is no day of the calendar: {}": "takový den v kalendáři není: {}",
    "is {}: a spreadsheet has lost its last digits; format the column as text and fill it in anew": (
        "je {}: tabulka ztratila poslední číslice; nastavte sloupci formát Text a vyplňte jej znovu"
    ),
    "is {}: a spreadsheet made a day of it, e.g. of 12/3; write it as text": (
        "je {}: tabulka z toho udělala datum, třeba z 12/3; napište to jako text"
    ),
    "is {}, which says no age: write A15 or A18": "je {}, což neříká věk: napište A15 nebo A18",
    "{} is no code of a service (up to four letters or digits, see cpl codelist)": (
        "{} není kód služby (nejvýše čtyři písmena nebo číslice, viz cpl codelist)"
    ),
    # carrier, payment, money
    '{} may be another carrier: where it is PPL by another name, say so with --map: [carriers] "{}" = {}, or true': (
        '{} může být jiný dopravce: je-li to PPL pod jiným názvem, řekněte to v --map: [carriers] "{}" = {}, nebo true'
    ),
    "is {}, but the carrier goes to an address: empty it, or change the carrier": (
        "je {}, ale dopravce jede na adresu: vyprázdněte to, nebo změňte dopravce"
    ),
    "{} is not among the [{}] of --map": "{} není mezi [{}] v --map",
    "{} is not among the [{}] of --map; did you mean {}?": "{} není mezi [{}] v --map; nemělo to být {}?",
    "{} does not say whether the courier collects money: say it with --map: "
    '[payments] "{}" = {} where the courier does, else false': (
        '{} neříká, zda má kurýr vybrat peníze: řekněte to v --map: [payments] "{}" = {}, pokud má, jinak false'
    ),
    "is {}, but the amount to collect is {}: make them agree": (
        "je {}, ale částka k vybrání je {}: uveďte je do souladu"
    ),
    "asks for money, but the payment is {}: empty one of them": (
        "chce vybrat peníze, ale platba je {}: jedno z toho vyprázdněte"
    ),
    "is empty, but the product collects money and the payment is {}": (
        "je prázdné, ale produkt vybírá peníze a platba je {}"
    ),
    "is '1', which may be yes or an amount: write yes, or the amount with decimals": (
        "je '1', což může být ano i částka: napište ano, nebo částku s desetinnými místy"
    ),
    "is {}, but the amount is in {}: make them one": "je {}, ale částka je v {}: sjednoťte to",
    "is empty, and what the courier collects in {} is not certain: fill it in": (
        "je prázdné a není jisté, v čem kurýr vybírá v {}: vyplňte to"
    ),
    "is empty, and the reference {} has {} digits, not 1–10: fill the symbol in": (
        "je prázdné a reference {} má číslic: {}, ne 1–10: symbol vyplňte"
    ),
    # whole rows
    "is not JSON: {}; the line is: {}": "není JSON: {}; řádek zní: {}",
    "is no JSON object; the line is: {}": "není objekt JSON; řádek zní: {}",
    "has fields that are neither text nor number: {}": "má pole, která nejsou text ani číslo: {}",
    "holds half a character (a lone surrogate); the line is: {}": "obsahuje půl znaku; řádek zní: {}",
    "has the reference of the line above it, but another {}: {}": "má referenci řádku nad sebou, ale liší se v {}: {}",
    "make them agree where they are one order, or give it a reference of its own": (
        "je-li to jedna objednávka, uveďte řádky do souladu, jinak dejte řádku vlastní referenci"
    ),
    "the lines of this order say two things in the column {}: {} and {}; "
    "write the order's total on each, or the amount to collect in a column cod_price": (
        "řádky této objednávky říkají ve sloupci {} dvě různé věci: {} a {}; "
        "pište na každý celkovou cenu objednávky, nebo částku k vybrání do sloupce cod_price"
    ),
    "has {} fields, the heading has {}: look for a missing quote or separator; the row is: {}": (
        "má polí: {}, nadpis jich má {}: hledejte chybějící uvozovku nebo oddělovač; řádek zní: {}"
    ),
    "is neither a shipment nor a mapping, but {}": "není zásilka ani slovník, ale {}",
    "is no order, but {}": "není objednávka, ale {}",
    "columns names what is no column: {}": "columns jmenuje, co není sloupec: {}",
    "{} is used twice, first in row {} (line {})": "{} je použita dvakrát, poprvé v řádku {} (řádek souboru {})",
    "{} is used twice in this job": "{} je v této úloze použita dvakrát",
    "{} was shipped by the job {}; not sent again without --allow-reship": (
        "{} odeslala úloha {}; bez --allow-reship se znovu neodešle"
    ),
    "{} was shipped as {} by the job {}; not sent again without --allow-reship": (
        "{} odeslala jako {} úloha {}; bez --allow-reship se znovu neodešle"
    ),
    "{} may have been shipped by the job {}; not sent again without --allow-reship": (
        "{} možná odeslala úloha {}; bez --allow-reship se znovu neodešle"
    ),
    "{}, and this row differs from that one": "{}, a tento řádek se od onoho liší",
    "{} was shipped as {} by an earlier run of this job, and this row differs from that one; not sent": (
        "{} odeslal jako {} dřívější běh této úlohy a tento řádek se od onoho liší; neodesláno"
    ),
    "{} may have been shipped by an earlier run of this job, and this row differs from that one; not sent": (
        "{} možná odeslal dřívější běh této úlohy a tento řádek se od onoho liší; neodesláno"
    ),
    # sending and importing
    "was not sent: {}": "neodesláno: {}",
    "was not sent; run the same command again": "neodesláno; spusťte stejný příkaz znovu",
    "--strict, and rows with mistakes: {}": "--strict a řádků s chybami: {}",
    "its import is not finished; run the same command again": "import není dokončen; spusťte stejný příkaz znovu",
    "is still being imported; run the same command again to go on": ("ještě se importuje; pokračujte stejným příkazem"),
    "its state cannot be had: {}": "stav nelze zjistit: {}",
    "failed without a word": "selhalo beze slova",
    "failed at import ({}), yet {} of its parcels were created": (
        "při importu selhalo ({}), přesto z ní vzniklo balíků: {}"
    ),
    "only {} of {} parcels were created: {}": "vzniklo jen {} z {} balíků: {}",
    # what is not known
    "it is not known whether this was created": "není známo, zda to vzniklo",
    "it is not known whether this was created: {}": "není známo, zda to vzniklo: {}",
    "it is not known whether this was created, and it has no reference of its own to be asked after: "
    "look it up and settle it with cpl jobs resolve": (
        "není známo, zda to vzniklo, a nemá to vlastní referenci, na kterou by se dalo zeptat: "
        "vyhledejte to a rozhodněte příkazem cpl jobs resolve"
    ),
    "it is not known yet what becomes of it": "ještě není známo, jak to dopadne",
    "the program stopped while this was being sent: it may or may not have been created [correlation id {}]": (
        "program se zastavil, když se to odesílalo: mohlo to vzniknout, a nemuselo [correlation id {}]"
    ),
    "{} [correlation id {}]": "{} [correlation id {}]",
    "it was not looked for long enough": "nehledalo se dost dlouho",
    "a shipment with its reference is there, and another row that has it too is under way or was purged": (
        "zásilka s touto referencí existuje, a jiný řádek se stejnou referencí je na cestě nebo byl smazán"
    ),
    "{} of its {} parcels can be found: {}": "z balíků zásilky se dá najít {} z {}: {}",
    "was created as {}, and somebody has cancelled it": "vzniklo jako {} a někdo to zrušil",
    "{} has no date, so it may be older than the write": "{} nemá datum, může tedy být starší než odeslání",
    "{} is from {}, a little before the write": "{} je z {}, chvíli před odesláním",
    "{} has the same reference and {}": "{} má stejnou referenci a {}",
    "another product, {}": "jiný produkt, {}",
    "another recipient": "jiného příjemce",
    "shows no recipient to compare": "neukazuje příjemce, se kterým by se dalo srovnat",
    "{} of the parcels {} are cancelled, the others are not": "zrušených balíků: {} z {}, ostatní zrušeny nejsou",
    "{} parcels have this reference, {} were sent, and no sets are shown: {}": (
        "balíků s touto referencí: {}, odesláno jich bylo {} a soupravy nejsou vidět: {}"
    ),
    "the search failed: {}": "hledání selhalo: {}",
    "the answer has references that nobody asked for: the carrier ignores the filter": (
        "odpověď má reference, na které se nikdo neptal: dopravce si nevšímá filtru"
    ),
    "there is no shipment known to be there by which to see that the search works": (
        "není známa žádná zásilka, na které by se ukázalo, že hledání funguje"
    ),
    "the search does not show {}, which is there: it lags behind, or does not work": (
        "hledání neukazuje {}, a přitom existuje: je pozadu, nebo nefunguje"
    ),
    "the answer is not complete": "odpověď není úplná",
    "its answer was lost: it was found by its reference": "odpověď se ztratila: našla se podle reference",
    "its answer was lost: it was found by its reference, but its label cannot be had; "
    "--resend-unlabelled cancels it and sends it again": (
        "odpověď se ztratila: našla se podle reference, ale štítek nelze získat; "
        "--resend-unlabelled ji zruší a odešle znovu"
    ),
    "there twice, also as {}": "existuje dvakrát, také jako {}",
    # labels and cancelling
    "its label was not fetched yet; run the same command again": "štítek se ještě nestáhl; spusťte stejný příkaz znovu",
    "its label was not fetched: the run was stopped": "štítek se nestáhl: běh byl zastaven",
    "its label was not fetched: {} others before it could not be had": (
        "štítek se nestáhl: nešlo jich získat už {} před ním"
    ),
    "its label cannot be had: the server gave no address": "štítek nelze získat: server nedal jeho adresu",
    "its label cannot be had: {}": "štítek nelze získat: {}",
    "its label cannot be stored in {}: {}": "štítek nelze uložit do {}: {}",
    "its label can be had for 30 days, and it was created on {}": "štítek lze získat 30 dní, a vznikl {}",
    "{} labels were asked for, {} came": "žádalo se štítků: {}, přišlo {}",
    "what came is no readable PDF": "co přišlo, není čitelné PDF",
    "its label cannot be read: {}": "štítek nelze přečíst: {}",
    "the path {} cannot be used: its name is not UTF-8": "cestu {} nelze použít: její název není v UTF-8",
    # what a response holds that cannot be used
    "holds a control character or a line break": "obsahuje řídicí znak nebo konec řádku",
    "the carrier's response about it cannot be used, so it is not known what was created": (
        "odpověď dopravce o ní nelze použít, takže není známo, co vzniklo"
    ),
    "the carrier's response about it cannot be used, so it is not known what was created: {}": (
        "odpověď dopravce o ní nelze použít, takže není známo, co vzniklo: {}"
    ),
    "{} is no number of a shipment": "{} není číslo zásilky",
    "two of its parcels have the same number": "dva její balíky mají stejné číslo",
    "it is listed twice": "je v ní uvedena dvakrát",
    "another row has the number {} too": "stejné číslo {} má i jiný řádek",
    "{} has the reference {}, which differs only in letter case or spaces": (
        "{} má referenci {}, která se liší jen velikostí písmen nebo mezerami"
    ),
    "the journal was restored from a backup: it is not known whether this was sent since": (
        "deník byl obnoven ze zálohy: není známo, zda to od té doby nebylo odesláno"
    ),
    "it is being cancelled: `cpl jobs cancel` goes on": "ruší se: pokračuje příkaz `cpl jobs cancel`",
    "it is being cancelled, to be sent again with a label": "ruší se, aby se odeslala znovu se štítkem",
    "it is being cancelled, to be sent again; so far: {}": "ruší se, aby se odeslala znovu; zatím: {}",
    "cancelled, to be sent again with a label": "zrušeno, odešle se znovu se štítkem",
    "it cannot be cancelled any more: {}": "už ji nelze zrušit: {}",
    "it was not cancelled: stopped": "nezrušeno: zastaveno",
    "it is not seen cancelled after {} s": "ani po {} s není vidět jako zrušená",
    "created for this row before a person decided on it": "vznikla pro tento řádek dříve, než o něm někdo rozhodl",
    # the network
    "no answer in time": "odpověď nepřišla včas",
    "no answer in time ({})": "odpověď nepřišla včas ({})",
    "the time for the call is up: {}": "čas na volání vypršel: {}",
    "the answer broke off": "odpověď se přerušila",
    "the server closed the connection without an answer": "server zavřel spojení bez odpovědi",
    "the connection broke: {}": "spojení se přerušilo: {}",
    "no connection to {}: {}": "nelze se spojit s {}: {}",
    "the answer is not HTTP that can be read": "odpověď není čitelné HTTP",
    "broken off, by a time-out or by the caller": "přerušeno časovým limitem nebo volajícím",
}
