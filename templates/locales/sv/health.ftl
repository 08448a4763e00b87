# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

health = Hälsa
health-answer = { $ill ->
    [0] { $checks ->
        [0] Inget kontrolleras än.
        [one] Den enda webbplats som kontrolleras fungerar.
       *[other] Alla { $checks } webbplatser som kontrolleras fungerar, eller undersöks.
     }
    [one] En av { $checks } webbplatser ligger nere.
   *[other] { $ill } av { $checks } webbplatser ligger nere, i { $touched ->
        [one] en kommun
       *[other] { $touched } kommuner
     }.
 }
health-of-answer = { $ill ->
    [0] Ingen av { $checks } webbplatser ligger nere.
    [one] En av { $checks } webbplatser ligger nere.
   *[other] { $ill } av { $checks } webbplatser ligger nere.
 }
health-open = { $count ->
    [one] En öppen incident
   *[other] { $count } öppna incidenter
 }
health-over = Incidenter som är över
health-sites = Webbplatser
health-since = Sedan
health-empty-heading = Inget att kontrollera än
health-empty-explain = Varje kommuns alla webbplatser kontrolleras från den minut de finns. Anslut en kommun först.
health-none-heading = Ingen webbplats kontrolleras
health-none-explain = Webbplatser hittas inom fem minuter efter att de skapats. En stängd kommuns webbplatser kontrolleras inte.
incidents = Incidenter
incident-cause = Orsak
incident-failure = Vad som är fel
incident-sites = Webbplatser
incident-opened = Bekräftad
incident-over-at = Över
incident-until = Till
incident-part-of = Del av
incident-wider = en större incident
incident-taken = Tas om hand av
incident-certain = Dess egen kontroll säger detsamma.
incident-likely = Det är vad webbplatserna som ligger nere har gemensamt.
incident-take = Ta hand om incidenten
incident-take-button = Jag tar hand om den
incident-note = Anteckning
incident-note-hint = Det som andra bör veta; kan lämnas tomt.
incident-history = Vad som har hänt
incident-answer-open = { $failing ->
    [0] Ingen webbplats ligger nere på grund av den.
    [one] En webbplats ligger nere på grund av den. Ingen har tagit hand om den.
   *[other] { $failing } webbplatser ligger nere på grund av den. Ingen har tagit hand om den.
 }
incident-answer-acknowledged = { $failing ->
    [0] Någon har tagit hand om den.
    [one] En webbplats ligger nere på grund av den. Någon har tagit hand om den.
   *[other] { $failing } webbplatser ligger nere på grund av den. Någon har tagit hand om den.
 }
incident-answer-resolved = { $members ->
    [0] Den är över. Ingen webbplats låg nere på grund av den.
    [one] Den är över. En webbplats låg nere på grund av den.
   *[other] Den är över. { $members } webbplatser låg nere på grund av den.
 }
incident-answer-merged = Den visade sig vara del av en större incident.
health-filter = Filtrera kommuner
health-lost = Sidan får inga nyheter just nu; det som står här kan vara gammalt. Sidan försöker ansluta igen.
