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
