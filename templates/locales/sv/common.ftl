# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

skip-to-content = Hoppa till innehållet
nav-main = Huvudmeny
nav-fleet = Flottan
nav-operations = Åtgärder
nav-releases = Utgåvor
nav-health = Hälsa
nav-rollouts = Utrullningar
nav-users = Användare
nav-audit = Logg
nav-settings = Inställningar
nav-account = Mitt konto
log-out = Logga ut
foot-times = Alla tider visas i tidszonen { $zone }.
foot-fleet = flottan { $fleet }
theme-label = Färger
theme-system = Som systemet
theme-light = Ljusa
theme-dark = Mörka
command-label = Samma sak på kommandoraden
copy = Kopiera
copied = Kopierat
cancel = Avbryt
save = Spara
show = Visa
search = Sök
view = Visa som
sort = Sortera efter
refresh = Uppdatera sidan
filter-clear = Visa alla
filter-none = Ingen kommun passar det du söker. Ändra sökningen eller visa alla.
filter-some = Kommuner som visas:
pager-label = Sidor
pager-shown = Visar { $from }–{ $to } av { $total }
pager-previous = Föregående
pager-next = Nästa
errors-heading = { $count ->
    [one] Rätta en sak innan du går vidare
   *[other] Rätta { $count } saker innan du går vidare
 }
field-optional = (frivilligt)
action = Åtgärd
actions = Vad du kan göra
state = Läge
name = Namn
email = E-postadress
never = aldrig
seen = Kontrollerat
all-states = Alla lägen
ago-now = nyss
ago-minutes = { $count ->
    [one] för { $count } minut sedan
   *[other] för { $count } minuter sedan
 }
ago-hours = { $count ->
    [one] för { $count } timme sedan
   *[other] för { $count } timmar sedan
 }
ago-days = { $count ->
    [one] i går
   *[other] för { $count } dagar sedan
 }
in-now = alldeles strax
in-minutes = { $count ->
    [one] om { $count } minut
   *[other] om { $count } minuter
 }
in-hours = { $count ->
    [one] om { $count } timme
   *[other] om { $count } timmar
 }
in-days = { $count ->
    [one] i morgon
   *[other] om { $count } dagar
 }
notice-saved = Ändringarna är sparade.
notice-password-changed = Lösenordet är ändrat. Andra sessioner har avslutats.
notice-token-revoked = Nyckeln är återkallad och kan inte längre användas.
notice-user-created = Användaren är skapad.
notice-user-disabled = Kontot är avstängt. Personen kan inte längre logga in.
notice-user-enabled = Kontot är öppet igen.
notice-release-registered = Utgåvan är registrerad.
notice-release-promoted = Utgåvan är stabil. Nya kommuner får den nyaste stabila.
notice-release-retired = Utgåvan är tillbakadragen.
notice-retry-asked = Åtgärden försöker igen.
notice-logged-out = Du är utloggad.
notice-session-ended = Sessionen har tagit slut. Logga in igen.
