# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

releases = Utgåvor
releases-answer = { $count ->
    [0] Ingen utgåva är registrerad.
    [one] En utgåva är registrerad.
   *[other] { $count } utgåvor är registrerade.
 }
releases-empty-heading = Registrera den första utgåvan
releases-empty-explain = En utgåva är en containeravbild av WordPress med tema och tillägg. Kommuner kan anslutas när det finns en stabil utgåva.
release-default = nya kommuner får den här
release-instances = Instanser
release-name = Utgåvans namn
channel = Kanal
image = Avbild
contract = Kontrakt
registered-at = Registrerad
register-heading = Registrera en utgåva
register-image-hint = Avbildens namn, till exempel flotta/wordpress:6.8
register-name-hint = Till exempel 6.8-1. Lämna tomt för att ta namnet från avbilden.
register-contract-hint = Hur avbilden tar emot sina inställningar.
register-channel-hint = Kandidater är till för prov. Nya kommuner får den nyaste stabila.
register-button = Registrera
contract-find = Ta reda på det från avbilden
release-answer = { $count ->
    [0] Ingen instans som du får se kör den.
    [one] En instans kör den.
   *[other] { $count } instanser kör den.
 }
promote-button = Gör stabil
retire-button = Dra tillbaka
release-changes = Sedan { $before }
release-changes-none = Ändringar
release-changes-first = Ingen utgåva kom före den här.
inventory = Vad som finns i den
inventory-unknown = Avbilden kunde inte läsas just nu. Ladda sidan igen om en stund.
db-version = Databasversion
themes = Teman
plugins = Tillägg
must-use-plugins = Obligatoriska tillägg
parts-none = Inga.
part-name = Namn
part-version = Version
part-folder = Mapp
part-parent = bygger på { $parent }
packages = { $count ->
    [one] Ett Debianpaket
   *[other] { $count } Debianpaket
 }
runs-on = Var den körs
runs-on-none = Ingenstans som du får se.
about-release = Om utgåvan
release-made = Ursprung
release-built = byggd av Flotta
release-by-image = registrerad från en avbild
release-commands = Med kommandon
settings = Inställningar
settings-answer = { $unwell ->
    [0] Allt som flottan står på svarar.
    [one] En del av plattformen svarar inte som den ska.
   *[other] { $unwell } delar av plattformen svarar inte som de ska.
 }
platform = Plattform
configuration = Konfiguration
configuration-explain = Inställningarna läses när Flotta startar. Hemligheter visas inte.
configuration-top = Överst i filen
setting = Inställning
value = Värde
source = Källa
problem-bad-request = Det gick inte att förstå det som skickades
problem-fix-bad-request = Gå tillbaka, läs in sidan på nytt och försök igen.
problem-forbidden = Du får inte göra det här
problem-fix-forbidden = Be en administratör om en roll som får det. Loggade du nyss in eller ut i en annan flik? Läs då in sidan på nytt.
problem-not-found = Det finns inget här
problem-fix-not-found = Adressen kan vara felskriven, eller så har det den ledde till tagits bort.
problem-conflict = Det går inte just nu
problem-fix-conflict = Något annat pågår med samma sak. Vänta tills det är klart och försök igen.
problem-too-many = För många försök
problem-fix-too-many = Vänta en stund och försök igen.
problem-internal = Något gick fel i Flotta
problem-fix-internal = Webbplatserna påverkas inte. Försök igen. Händer det igen, ge numret nedan till den som sköter Flotta.
problem-unavailable = En del av plattformen svarar inte
problem-fix-unavailable = Webbplatserna påverkas inte av det här felet. Försök igen om en stund, eller se vad som inte svarar under Inställningar.
problem-request = Begärans nummer:
to-fleet = Till flottan
components = Komponenter
components-answer = Allt som sidorna byggs av, med påhittat innehåll.
components-icons = Bilder
components-form = Formulär
