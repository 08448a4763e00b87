# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

findings = Behöver någon
findings-which = Vilka
findings-open = Öppna
findings-muted = Lagda åt sidan
findings-resolved = Över
findings-empty-heading = Inget här
findings-empty-explain = Det som instanserna berättar om sitt inre gås igenom när det ändras, och en gång om dagen. Inget av det här slaget har hittats.
finding-what = Vad
finding-about = Gäller
finding-opened = Hittat
finding-seen = Vad som har setts
finding-over-at = Över
finding-muted-by = Lagt åt sidan av
finding-muted-until = Åt sidan till
finding-mute = Lägg åt sidan
finding-reason = Skäl
finding-reason-hint = Så att andra förstår, högst 500 tecken.
finding-mute-button = Lägg åt sidan
finding-unmute-button = Ta upp igen
finding-open = öppet
finding-muted = åt sidan
finding-resolved = över
component-core = WordPress självt:
component-theme = tema
component-plugin = tillägg
component-mu-plugin = obligatoriskt tillägg
component-drop-in = inbytt del
questions = Frågor över flottan
questions-core = Versioner av WordPress
questions-behind = Efter den nyaste i flottan
questions-throws = Vad som orsakar fel, på sju dagar
questions-grew = Vad som växte mest
questions-component = Vad
questions-version = Version
questions-is-behind = inte den nyaste
questions-sites = Webbplatser
questions-times = Gånger
questions-last = Senast
questions-days = Dagar
questions-database = Databas
questions-uploads = Uppladdat
questions-grew-by = Växte med
questions-empty-heading = Inget är känt än
questions-empty-explain = Instanser berättar om sitt inre inom några minuter efter att de anslutits.
findings-answer = { $open ->
    [0] Inget är öppet.
    [one] En sak behöver någon.
   *[other] { $open } saker behöver någon.
 }
questions-answer = { $behind ->
    [0] Inget är efter den nyaste versionen i flottan
    [one] En version är efter den nyaste i flottan
   *[other] { $behind } versioner är efter den nyaste i flottan
 }; { $throwers ->
    [0] inget har orsakat fel.
    [one] en del har orsakat fel.
   *[other] { $throwers } delar har orsakat fel.
 }
found-vulnerable = Känd sårbarhet
found-administrator-added = Ny administratör
found-open-registration = Vem som helst kan registrera sig
found-debug-on = Felsökningsläget är på
found-fatal-error = Allvarligt fel
found-cron-stuck = Jobb har fastnat
found-mail-fails = E-post går inte fram
found-update-failed = Uppdatering misslyckades
found-database-behind = Databasen är efter
found-not-indexed = Dold för sökmotorer
found-statement-missing = Tillgänglighetsredogörelse saknas
found-statement-old = Gammal tillgänglighetsredogörelse
found-autoload-large = För mycket läses vid varje anrop
found-address-differs = Uppger en annan adress
found-why-vulnerable = En del körs i en version med en känd sårbarhet. Byt till en utgåva eller en påbyggnad med nyare version.
found-why-administrator-added = Någon har blivit administratör. Kontrollera att det är meningen.
found-why-open-registration = Den som registrerar sig får skriva eller skapa webbplatser. Stäng registreringen, eller ge nya användare rollen prenumerant.
found-why-debug-on = WordPress körs som vid utveckling och kan visa fel för besökare. Sätt WP_DEBUG till false.
found-why-fatal-error = PHP har avbrutits av ett fel det senaste dygnet. Berätta för den som underhåller det som orsakar felet.
found-why-cron-stuck = Schemalagda jobb har väntat mer än en timme fast Flotta kör dem: planerade inlägg publiceras inte och inget städas.
found-why-mail-fails = WordPress har inte kunnat skicka e-post det senaste dygnet. Ställ in hur det skickar.
found-why-update-failed = En uppdatering som påbörjats inne i WordPress har misslyckats eller aldrig avslutats.
found-why-database-behind = Tabellerna har en äldre version än koden vill ha. Kör uppdateringen igen.
found-why-not-indexed = Webbplatsen ber sökmotorer att hålla sig borta. Ändra under Inställningar, Läsa.
found-why-statement-missing = Lagen (2018:1937) kräver en tillgänglighetsredogörelse på varje offentlig webbplats. Ingen sida och ingen länk hittades.
found-why-statement-old = Tillgänglighetsredogörelsen gicks senast igenom för mer än ett år sedan.
found-why-autoload-large = Inställningar som läses vid varje anrop är större än WordPress egen gräns på 800 000 byte, vilket gör varje sida långsam.
found-why-address-differs = Webbplatsens egen adress är inte den som leder till den, så länkar och inloggning hamnar fel.
seen-title = Vad det är
seen-severity = Hur allvarligt
seen-component = Del
seen-version = Version
seen-wanted = Önskad version
seen-sites = Webbplatser som använder den
seen-reference = Mer
seen-login = Inloggningsnamn
seen-since = Känd sedan
seen-registration = Vem som får registrera sig
seen-role = Nya användares roll
seen-shown_to_visitors = Visas för besökare
seen-message = Meddelande
seen-file = Fil
seen-line = Rad
seen-count = Hur ofta
seen-due_since = Skulle ha körts
seen-error = Vad som gick fel
seen-maintenance_for_seconds = Sekunder i underhåll
seen-home = Uppger adressen
seen-domain = Finns på
seen-bytes = Byte
seen-limit = Gräns
seen-at = Gicks igenom
seen-days = Dagar sedan
seen-law = Lag
seen-source = Källa
seen-days_left = Dagar kvar
seen-not_after = Går ut
seen-header = Huvud
seen-address = Adress
audit-finding-mute = Lade åt sidan
audit-finding-unmute = Tog upp igen
audit-advisory-import = Läste in kända sårbarheter
