# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

audit-receiver-add = Lade till mottagare
audit-receiver-remove = Tog bort mottagare
audit-receiver-test = Provade mottagare
audit-receiver-key = Gav mottagare ny nyckel
audit-silence-add = Tystade meddelanden
audit-silence-end = Avslutade tystnad

receivers = Mottagare
receivers-answer =
    { $count ->
        [one] En mottagare får veta när något är fel.
       *[other] { $count } mottagare får veta när något är fel.
    }
receivers-none-heading = Ingen får veta något
receivers-none-explain = Lägg till en mottagare, annars märks incidenter bara här.
receiver-kind = Sätt
receiver-kind-mail = e-post
receiver-kind-webhook = signerad webhook
receiver-kind-chat = chatt (Slack, Teams)
receiver-whose = Vems
receiver-whose-hint = En kommuns mottagare får bara veta det som rör kommunen.
receiver-operators = Driftens: får veta allt
receiver-address = Adress
receiver-address-hint = E-postadress, eller https-adressen till en webhook eller chatt. En hemlighet i adressen visas aldrig igen.
receiver-when = Får veta
receiver-after =
    { $minutes ->
        [0] genast
        [one] det som ingen tagit hand om på en minut
       *[other] det som ingen tagit hand om på { $minutes } minuter
    }
receiver-after-label = Efter så många minuter
receiver-after-hint = Bara det som ingen tagit hand om då. Tomt är genast.
receiver-reminded = Påminns
receiver-remind =
    { $minutes ->
        [0] aldrig
        [one] varje minut
       *[other] var { $minutes }:e minut
    }
receiver-remind-label = Påminn efter så många minuter
receiver-remind-hint = Om det som ingen tagit hand om. 0 är aldrig.
receiver-name-hint = Det som visas här; annars adressen.
receiver-no-mail = Ingen e-postserver är inställd, så e-post kan inte väljas.
receiver-add = Lägg till mottagare
receiver-about = Om mottagaren
receiver-answer =
    { $count ->
        [0] Inget har skickats hit de senaste 90 dagarna.
        [one] Ett meddelande har skickats hit de senaste 90 dagarna.
       *[other] { $count } meddelanden har skickats hit de senaste 90 dagarna.
    }
receiver-key-heading = Nyckeln visas bara nu
receiver-key-explain = Den som tar emot prövar med den att ett meddelande verkligen kommer härifrån. Spara den där, inte här.
receiver-key = Ny nyckel
receiver-key-warn = Den gamla nyckeln gäller ett dygn till, bredvid den nya.
receiver-old-key = Gamla nyckeln gäller till
receiver-try = Skicka ett prov
receiver-remove = Ta bort mottagaren
receiver-remove-warn = Mottagaren och listan över vad som skickats tas bort. Det som ännu inte skickats skickas inte.
receiver-sent = Skickat hit
receiver-at = Bestämt
receiver-subject = Ämne
receiver-tries = Försök
receiver-again = nästa försök
receiver-nothing-heading = Inget skickat
receiver-nothing-explain = Skicka ett prov för att se att det kommer fram.
notice-state-waiting = väntar
notice-state-sent = mottaget
notice-state-given-up = uppgivet
silences = Tystnad och underhåll
silences-answer =
    { $count ->
        [0] Inget är tystat.
        [one] En tystnad gäller eller är planerad.
       *[other] { $count } tystnader gäller eller är planerade.
    }
silences-none-heading = Inget är tystat
silences-none-explain = Alla mottagare får veta det som är deras.
silence-what = Vad
silence-kind = Slag
silence-all = hela flottan
silence-window = underhåll
silence-silence = tystnad
silence-holds = gäller nu
silence-from = Från
silence-from-hint = Tomt är nu. En tid längre fram blir ett planerat underhåll.
silence-until = Till
silence-reason = Orsak
silence-add = Tysta
silence-end = Avsluta
silence-explain = Det som är tystat övervakas ändå. Det som fortfarande är fel när tystnaden slutar berättas då.
