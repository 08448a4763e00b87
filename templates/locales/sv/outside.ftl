# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

outside = Utifrån
outside-of = { $name } utifrån
outside-answer = { $remarked ->
    [0] Inget av det som visas behöver åtgärd.
    [one] En av dem som visas behöver åtgärd.
   *[other] { $remarked } av dem som visas behöver åtgärd.
 }
outside-name = Namnet
outside-ends = Certifikatet slutar
outside-issuer = Utfärdare
outside-trust = Tillit
outside-remarks = Behöver åtgärd
outside-looked = Kontrollerad
outside-remove = Ta bort
outside-add = Kontrollera en adress till
outside-add-button = Lägg till
outside-address = Adress
outside-address-hint = Hela adressen till en portal eller e-tjänst, till exempel https://e-tjanster.lund.se/.
outside-label = Namn
outside-status = Väntad status
outside-status-hint = Ett tal som 401. Utan det räcker varje svar som betyder att det gick bra.
outside-keyword = Väntad text
outside-keyword-hint = Något som alltid står på sidan.
certificates = Certifikat
certificates-answer = { $within ->
    [0] { $count ->
        [one] Ett certifikat har setts.
       *[other] { $count } certifikat har setts.
     }
   *[other] { $count ->
        [0] Inget certifikat slutar inom { $within } dagar.
        [one] Ett certifikat slutar inom { $within } dagar.
       *[other] { $count } certifikat slutar inom { $within } dagar.
     }
 }
certificates-which = Vilka certifikat
certificates-within = Inom { $days } dagar
certificates-all = Alla
certificates-days = Dagar kvar
certificates-none = Inget sådant certifikat
certificates-none-explain = Certifikat visas när webbplatserna har kontrollerats utifrån, inom en minut från att de finns.
name-state-leads = leder till adresser
name-state-local = bara på den här datorn
name-state-gone = finns inte
name-state-empty = leder till ingen adress
name-state-broken = namnservrarna svarar fel
name-state-unanswered = inte känt
name-state-refused = leder bara till privata adresser
trust-trusted = betrott
trust-internal = flottans egen utfärdare
trust-expired = har gått ut
trust-not-yet = gäller inte än
trust-other-name = gäller andra namn
trust-untrusted = inte betrott
found-certificate-bad = Certifikatet duger inte
found-certificate-ends = Certifikatet slutar snart
found-issuer-changed = Ny utfärdare
found-name-gone = Namnet leder ingenstans
found-name-elsewhere = Namnet leder någon annanstans
found-redirects-wrong = Omdirigering fel
found-plain-served = Sidor utan kryptering
found-why-certificate-bad = Certifikatet har gått ut, gäller andra namn eller är inte betrott, så besökare möts av en varning.
found-why-certificate-ends = Certifikatet borde ha förnyats. Kontrollera varför det inte har gjort det.
found-why-issuer-changed = En annan utfärdare än förut har signerat certifikatet. Kontrollera att det är meningen.
found-why-name-gone = Domännamnet leder inte till någon adress. Rätta det hos den som sköter domänen.
found-why-name-elsewhere = Domännamnet leder till andra adresser än flottans gateway, så besökare möter något annat.
found-why-redirects-wrong = Adressen leder runt i cirkel, tillbaka till http, eller någonstans den inte bör, och slutar inte med en sida.
found-why-plain-served = Sidor lämnas ut utan kryptering i stället för att leda till https.
