# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

site-answer-ok = Den fungerar.
site-answer-unknown = Ingen har tittat på den än, eller så är den stängd med avsikt.
site-answer-slow = Den fungerar, men långsamt.
site-answer-suspect = Den senaste kontrollen misslyckades. Den undersöks igen.
site-answer-flapping = Den går upp och ner.
site-answer-down = Den fungerar inte.
site-checked-since = Kontrolleras sedan
site-range-48h = 48 timmar
site-range-35d = 35 dygn
site-range-400d = 400 dygn
site-table-48h = I siffror, timme för timme
site-table-35d = I siffror, dygn för dygn
site-table-400d = I siffror, 30 dygn i taget
site-availability = Tillgänglighet
site-down = Nere
site-not-seen = ingen tittade
site-latency = Svarstid
site-availability-picture = Från vänster till höger i tiden. Fyllt: fungerade. Streckat uppifrån: misslyckades. En tunn linje nederst: ingen tittade. Tabellen nedanför säger detsamma.
site-latency-picture = Från vänster till höger i tiden, högre är långsammare. Heldragen: hälften av svaren tog inte längre tid. Streckad: nitton av tjugo tog inte längre tid. Tabellen nedanför säger detsamma.
site-legend-availability = Fyllt: fungerade. Streckat: misslyckades. Tunn linje: ingen tittade.
site-legend-latency = Heldragen linje: hälften av svaren tog inte längre tid. Streckad: nitton av tjugo.
site-top = övre kanten
site-now = nu
site-from = Från
site-median = Hälften inom
site-longest = Längsta
site-nothing = Inget sågs under den här tiden.
site-no-incidents = Ingen incident har berört den här webbplatsen.
objective = Mål
objective-aim = Målet är
objective-over = { $days ->
    [one] i dag
   *[other] över { $days } dygn
 }
objective-is = Det är
objective-left = Kvar av det som får fallera
objective-rates = Gånger så fort som det får
objective-explain = Räknade är de minuter för alla webbplatser då någon tittade. Det som var nere med avsikt räknas som nere.
objective-change = Ändra målet
objective-percent = Tillgänglighet i procent
objective-days = Dygn
objective-save = Spara målet
burning-unknown = okänt
burning-calm = enligt plan
burning-slow = förbrukas för fort
burning-fast = förbrukas mycket fort
report = Månadsrapport
report-heading = { $name }: { $month }
report-answer-met = Målet nåddes.
report-answer-missed = Målet nåddes inte.
report-answer-unknown = Ingen tittade den här månaden.
report-whole = Alla webbplatser
report-down = Minuter nere
report-slow = Minuter långsam
report-unseen = Minuter ingen tittade
report-honest = Tillgänglighet är den andel som fungerade av de minuter då någon tittade. Månader och dygn räknas i koordinerad universell tid (UTC).
report-going-on = Månaden är inte slut.
report-drawn-up = Framtagen
report-lasted = Varade denna månad
report-no-incidents = Ingen incident den här månaden.
report-csv = Som tabell (CSV)
audit-municipality-objective = Beslutade om mål för tillgänglighet
insides = Vad den berättar om sig själv
insides-theme = Tema
insides-administrators = Administratörer
insides-jobs = Jobb
insides-overdue = det äldsta har väntat
insides-late = för länge
insides-on-time = i tid
insides-autoload = Läses vid varje anrop
insides-database = Databas
insides-uploads = Uppladdat
insides-search = Sökmotorer
insides-welcome = välkomna
insides-away = ombedda att hålla sig borta
insides-statement = Tillgänglighetsredogörelse
insides-elsewhere = på en annan webbplats
insides-missing = ingen hittad
insides-plugins = { $count ->
    [one] Ett aktivt tillägg
   *[other] { $count } aktiva tillägg
 }
insides-errors = Fatala fel
insides-no-errors = Inget har setts.
site-all = Alla adresser
site-not-looked = Ingen har tittat utifrån ännu.
quiet = Ingen får veta något om det här nu
quiet-until = Tystat till
