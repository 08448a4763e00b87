# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

operation = Åtgärd
operations = Åtgärder
operation-kind = Slag
all-kinds = Alla slag
asked-at = Begärd
asked-by = Begärd av
took = Tid
operations-answer = { $stopped ->
    [0] { $live ->
        [0] Inget pågår just nu.
        [one] En åtgärd pågår. Ingen har stannat.
       *[other] { $live } åtgärder pågår. Ingen har stannat.
    }
    [one] En åtgärd har stannat och behöver tillsyn. { $live } pågår.
   *[other] { $stopped } åtgärder har stannat och behöver tillsyn. { $live } pågår.
 }
operations-filter = Filtrera åtgärder
operations-filter-none = Ingen åtgärd passar filtret.
operations-empty-heading = Inget har gjorts än
operations-empty-explain = Här står varje åtgärd med sin journal, steg för steg. Den första kommer när du ansluter en kommun.
operation-title-onboard = Ansluta { $name }
operation-title-suspend = Pausa { $name }
operation-title-resume = Återuppta { $name }
operation-title-offboard = Avsluta { $name }
operation-title-repair = Återställa { $name }
operation-about = Om åtgärden
ended-at = Avslutad
operation-answer-live = Pågår: { $step }
operation-answer-done = Klart. Alla steg är gjorda.
operation-answer-undone = Det gick inte. Allt är ställt tillbaka.
operation-answer-failed = Stannade vid: { $step }
operation-answer-parked = Väntar på ett beslut vid: { $step }
operation-meaning-live = Du kan lämna sidan. Arbetet fortsätter, och om ett steg misslyckas görs det om eller ångras.
operation-meaning-done = Inget mer behöver göras här.
operation-meaning-undone = Det som hann skapas är borttaget. Ingen container, databas eller adress är kvar. Rätta orsaken nedan och försök igen.
operation-meaning-failed = Något är kvar som Flotta inte kunde ställa till rätta själv. Läs orsaken nedan, åtgärda den och försök igen.
operation-meaning-parked = Åtgärden har steg som den här versionen av Flotta inte känner till. Uppgradera Flotta och försök igen.
operation-next-try = Nästa försök klockan
operation-progress = Så långt har åtgärden kommit
operation-steps = { $done } av { $total } steg
operation-steps-undone = { $done } steg ångrade
operation-usually = brukar ta
operation-retry = Försök igen
operation-timeline = Steg för steg
operation-lost = Sidan får inga nya uppgifter just nu. Arbetet fortsätter. Sidan försöker ansluta igen.
step-tries = { $count } försök
journal = Journal med { $count } { $count ->
    [one] rad
   *[other] rader
 }
to-municipality = Till kommunen
next-heading = Det här gör { $name } nu
next-look = Titta på webbplatsen
next-invite = Bjud in administratören, { $email }, med en engångslänk
next-admin = Administratören väljer lösenord och loggar in
operation-title-rehearse = Repetera för { $name }
operation-title-update = Uppdatera { $name }
operation-title-revert = Ta tillbaka { $name }
to-evidence = Vad som sågs
evidence-title = Repetition för { $name }
evidence-operation = Körningen
evidence-answer-pass = { $release } fungerar för kommunen.
evidence-answer-warn = { $release } fungerar för kommunen; något är värt att titta på.
evidence-answer-fail = { $release } har sönder något för kommunen.
evidence-verdict = Omdöme
evidence-from = Körs nu
evidence-to = Provades
evidence-data = Görs med data
evidence-data-none = Den nya utgåvan kan starta bredvid den gamla; besökare märker inget.
evidence-data-data = Besökare får vänta en stund medan data skrivs om; vägen tillbaka går via en kopia.
evidence-data-schema = Besökare får vänta en stund medan tabellerna ändras; vägen tillbaka går via en kopia.
evidence-at = När
evidence-changes = Vad som ändras i data
evidence-more-changes = { $count ->
    [one] och en till
   *[other] och { $count } till
}
evidence-general = Funnet, utan att höra till en enda sida
evidence-pictures = Bilder av startsidorna
evidence-without-pictures = Det finns inga bilder, eller inte av alla webbplatser:
evidence-picture-changed = { $share } % av bilden är annorlunda, utöver det som rör sig av sig självt.
evidence-picture-old = { $address } med utgåvan som körs nu
evidence-picture-new = { $address } med utgåvan som provades
evidence-picture-difference = Var bilderna av { $address } skiljer sig
evidence-old = Nu
evidence-new = Med den nya utgåvan
evidence-difference = Skillnad
evidence-pages = { $count ->
    [one] En sida
   *[other] { $count } sidor
}, den allvarligaste först
evidence-as-before = { $count ->
    [0] Ingen av dem är som förut.
    [one] En av dem är som förut, eller nästan.
   *[other] { $count } av dem är som förut, eller nästan.
}
evidence-status = Status
evidence-no-answer = inget svar
evidence-shows-error = visar ett fel
evidence-leads-to = Leder till
evidence-page-title = Titel
evidence-time = Tid
evidence-words = Ord
evidence-not-seen = Utgåvan gick inte att titta på.
