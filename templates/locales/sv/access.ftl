# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

log-in-title = Logga in
log-in-answer = Här sköter du flottan av kommunala webbplatser.
log-in = Logga in
log-in-wrong = E-postadressen eller lösenordet stämmer inte
log-in-wrong-fix = Kontrollera båda och försök igen. Har du glömt lösenordet kan en administratör ge dig ett nytt.
log-in-wait = { $count ->
    [one] För många försök. Vänta { $count } sekund.
   *[other] För många försök. Vänta { $count } sekunder.
 }
log-in-wait-fix = Efter väntan kan du försöka igen. Har du glömt lösenordet kan en administratör ge dig ett nytt.
log-in-help = Saknar du konto? Be en administratör för flottan att skapa ett.
password = Lösenord
role = Roll
users-answer = { $count ->
    [one] En person kan logga in.
   *[other] { $count } personer kan logga in.
 }
user-new = Ny användare
user-last-seen = Senast inne
user-answer-new = Personen får ett lösenord som visas en gång. Lämna över det på ett säkert sätt.
user-answer-active = Kan logga in.
user-answer-disabled = Kontot är avstängt.
user-email-hint = Används för att logga in.
user-role-hint = En webbansvarig ser bara de kommuner som anges nedan.
user-municipalities = Kommuner
user-municipalities-hint = Kortnamn med komma mellan, till exempel helsingborg, ale. Gäller bara webbansvariga.
user-create = Skapa användare
user-create-explain = Lösenordet visas på nästa sida, en gång.
user-access = Inloggning
user-new-password = Gör ett nytt lösenord
user-new-password-explain = Det gamla lösenordet slutar gälla och personen loggas ut överallt.
user-password-heading = Nytt lösenord
user-password-explain = Lösenordet visas bara nu. Lämna över det på ett säkert sätt och be personen byta det under ”Mitt konto”.
user-disable = Stäng av kontot
user-disable-explain = Personen loggas ut och alla nycklar slutar gälla. Loggen finns kvar. Du kan öppna kontot igen.
user-enable = Öppna kontot
user-disabled-since = Avstängt sedan
language = Språk
language-browser = Som webbläsaren
account = Mitt konto
account-answer = Du är inloggad som { $name }, { $role }.
account-who = Uppgifter
account-language = Språk på sidorna
account-language-hint = Gäller när du är inloggad, på alla dina enheter.
password-change = Byt lösenord
password-current = Nuvarande lösenord
password-new = Nytt lösenord
password-again = Nytt lösenord en gång till
password-hint = Minst { $count } tecken. En lång mening är bra.
password-others-end = Andra enheter där du är inloggad loggas ut.
tokens = Nycklar
tokens-explain = Med en nyckel kan ett program eller kommandot flotta göra det som du får göra.
tokens-none = Det finns inga nycklar.
token-new = Skapa en nyckel
token-name = Vad nyckeln är till för
token-name-hint = Till exempel ”bygget” eller ”min bärbara dator”.
token-days = Antal dagar den gäller
token-days-hint = 1–365
token-permissions = Vad nyckeln får göra
token-expires = Gäller till
token-last-used = Senast använd
token-create = Skapa nyckel
token-revoke = Återkalla
token-made-heading = Din nya nyckel
token-made-explain = Kopiera nyckeln nu. Den visas bara en gång och går inte att ta fram igen.
audit = Logg
audit-answer = { $filtered ->
    [true] { $count ->
        [one] En händelse passar filtret.
       *[other] { $count } händelser passar filtret.
    }
   *[false] { $count ->
        [one] En händelse är antecknad. Inget kan ändras eller tas bort.
       *[other] { $count } händelser är antecknade. Inget kan ändras eller tas bort.
    }
 }
audit-filter = Filtrera loggen
audit-at = När
audit-actor = Vem
audit-action = Vad
audit-target = På vad
audit-result = Resultat
audit-from = Varifrån
audit-since = Från och med
audit-until = Till och med
all-results = Alla resultat
audit-filter-none = Ingen händelse passar filtret.
audit-empty = Inget är antecknat än.
