# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

rollouts = Utrullningar
rollouts-answer = { $live ->
    [0] Ingen utrullning pågår.
    [one] En utrullning pågår. { $waiting ->
        [0] Den väntar inte på någon.
       *[other] Den väntar på dig.
     }
   *[other] { $live } utrullningar pågår. { $waiting ->
        [0] Ingen väntar på dig.
        [one] En väntar på dig.
       *[other] { $waiting } väntar på dig.
     }
 }
rollouts-empty-heading = Inget har rullats ut ännu
rollouts-empty-explain = En utrullning flyttar kommunerna till en ny utgåva, några åt gången. Den stannar av sig själv när utgåvan inte fungerar, och det som gick fel ställs tillbaka.
rollouts-empty-release = Registrera en utgåva först
rollout-plan-link = Planera en utrullning
rollout-title = Utrullning av { $release }
rollout-done = Har den
rollout-failed = Misslyckades
rollout-answer-running = Pågår: { $done } av { $total } har den nya utgåvan.
rollout-answer-paused = Pausad: { $done } av { $total } har den nya utgåvan.
rollout-answer-halting = Stoppas: det som pågår körs klart. { $done } av { $total } har den nya utgåvan.
rollout-answer-halted = Stoppad: { $done } av { $total } har den nya utgåvan. De andra är orörda eller tillbaka.
rollout-answer-reverting = Går tillbaka: { $done } av { $total } har fortfarande den nya utgåvan.
rollout-answer-reverted = Återtagen: ingen har den nya utgåvan längre.
rollout-answer-revert-blocked = Återgången väntar på ett beslut: några kan bara gå tillbaka med förlust.
rollout-answer-completed = Klar: { $done } av { $total } har den nya utgåvan.
rollout-answer-superseded = Ersatt: { $done } av { $total } har den nya utgåvan. En annan utrullning har tagit över.
rollout-meaning-started = Vågorna fortsätter av sig själva. Du kan lämna sidan.
rollout-meaning-operator = Någon har beställt det.
rollout-meaning-budget = Utgåvan misslyckades så ofta som den får, så inget mer startas.
rollout-meaning-disturbed = Containermotorn, databasservern eller gatewayen är störd. Åtgärda det och låt utrullningen fortsätta.
rollout-meaning-unproved = Ingen i vågen visar att utgåvan fungerar. Titta på dem och öppna sedan kontrollpunkten eller stoppa.
rollout-meaning-manual-gate = Vågen är klar. Nästa börjar när du öppnar kontrollpunkten.
rollout-meaning-no-progress = En uppdatering tar längre tid än den får. Titta på den och låt utrullningen fortsätta.
rollout-meaning-rehearsal = En repetition gick inte att göra. Titta på dess åtgärd och låt utrullningen fortsätta för att försöka igen.
rollout-meaning-quiet = Inget pågår längre.
rollout-meaning-over = Alla har haft sin tur.
rollout-meaning-loss = Titta på vad som skulle gå förlorat hos dem som väntar och besluta en i taget, eller gå tillbaka med förlusten.
rollout-progress = Hur långt utrullningen har kommit
rollout-figures = { $done } av { $total } har den, { $failed } misslyckades
rollout-budget = { $failures } av { $budget } fel hos utgåvan
rollout-expected = beräknat
rollout-resume-plain = Fortsätt
rollout-resume-gate = Öppna kontrollpunkten
rollout-pause = Pausa
rollout-halt = Stoppa
rollout-revert-link = Återta
rollout-wave = Våg { $number }
rollout-soak = övervakas i
rollout-gate-passed = Kontrollpunkt passerad: { $succeeded } lyckades, { $failed } misslyckades, { $waiting } väntar
rollout-gate-agreed = öppnad av en person
rollout-gate-closed = Kontrollpunkten efter vågen är stängd.
rollout-history = Vad som har hänt
rollout-line-gate = kontrollpunkt passerad
rollout-line-fault = sjuk, felets källa:
rollout-lost = Sidan får inga nyheter just nu. Utrullningen fortsätter. Sidan försöker ansluta igen.
member-answer-pending = Den har inte haft sin tur. Den kör { $from }.
member-answer-updating = Den uppdateras från { $from } till { $release }.
member-answer-soaking = Den kör { $release } och övervakas.
member-answer-succeeded = Den kör { $release } och allt är bra.
member-answer-failed-unchanged = Uppdateringen misslyckades innan något ändrades. Den kör { $from }.
member-answer-rolled-back = Uppdateringen misslyckades och togs tillbaka. Den kör { $from }.
member-answer-needs-approval = Den kör { $release }. Att gå tillbaka till { $from } förlorar det som skrivits därefter: besluta.
member-answer-quarantined = Den är avställd: varken { $release } eller { $from } kom i gång. Titta på dess åtgärd.
member-answer-reverting = Den går tillbaka från { $release } till { $from }.
member-answer-reverted = Den är tillbaka på { $from }.
member-answer-skipped = Den utelämnades ur utrullningen av { $release }.
member-stands = Var den står
member-held = Väntar på
member-blame = Felets källa
member-migration = Ändrar data
member-exposed = I drift sedan
member-operation = Steg för steg
member-verdict = Före och efter, jämförda
member-verdict-same = Varje sida ser ut som förut.
member-written = Skrivet efter uppdateringen
member-retry = Nytt försök
member-retry-explain = Den får en ny tur i utrullningen. Fel som har räknats står kvar.
member-skip = Utelämna
member-skip-explain = Den stannar på utgåvan som den kör, och utrullningen fortsätter utan den.
member-approve = Gå tillbaka med förlusten
member-approve-explain = Kopian från före uppdateringen läggs tillbaka. Det som står under ”Skrivet efter uppdateringen” går förlorat.
member-confirm = Skriv kortnamnet för att bekräfta
member-confirm-hint = Kortnamnet är { $slug }.
written-counts = { $posts } inlägg, { $comments } kommentarer, { $users } användare
written-nothing = Inget har skrivits, så vitt det går att se.
revert-title = Återta { $release }
revert-answer = { $free } går tillbaka utan förlust. { $losing } kan bara gå tillbaka med förlust.
revert-lost = Vad som skulle gå förlorat
revert-lost-explain = Uppdateringen ändrade data hos { $count }. Att gå tillbaka lägger kopian från före den på plats, och det som skrivits därefter går förlorat:
revert-choice = Utan krysset väntar de på varsitt beslut, och de andra går tillbaka.
revert-lose-data = Förlora det som skrivits och återta alla
revert-confirm = Med krysset: skriv utgåvans namn
revert-confirm-hint = Namnet är { $release }.
revert-nothing-lost = Inget som skrivits går förlorat.
revert-button = Återta alla
rollout-plan-title = Planera en utrullning
rollout-plan-answer = Välj en utgåva och se vem som får den när. Inget startar förrän du säger till.
rollout-plan-what = Vad
rollout-plan-whom = Till vem
rollout-plan-how = Hur
rollout-schedule = Takt
rollout-schedule-hint = Nödläge är för ett hål som utnyttjas: en först, sedan alla på en gång.
schedule-careful = Varsam: våg för våg
schedule-emergency = Nödläge: alla på en gång
rollout-municipalities = Kommuner
rollout-municipalities-hint = Kortnamn med mellanslag emellan. Tomt betyder alla.
rollout-every-environment = Alla
rollout-rehearse = Repetition
rollout-rehearse-hint = Utgåvan provas på en kopia av varje kommun innan den rörs.
rehearse-required = På varje kopia först
rehearse-skip = Ingen repetition
rollout-migration = Vad den gör med data
rollout-migration-hint = Repetitionerna visar det. Utan dem måste du säga det; vid tvekan, tabeller.
migration-rehearsed = Som repetitionerna visar
rollout-manual = Vänta på mig vid varje kontrollpunkt
rollout-advanced = Vågor, takt och tid
rollout-waves = Vågor
rollout-waves-hint = Antal eller andelar, som 1, 5%, 25%, 100%. Den sista tar resten.
rollout-in-flight = Samtidigt
rollout-soak-minutes = Minuter som var och en övervakas
rollout-soak-hint = Räknat från den egna uppdateringen.
rollout-plan-button = Visa planen
rollout-start-button = Starta för { $count }
rollout-plan-sum = { $total } kommuner i { $waves } vågor, på ungefär
rollout-plan-budget = { $budget } fel hos utgåvan stoppar den; i första vågen räcker ett.
rollout-plan-wave = { $total } kommuner
rollout-plan-more = och { $count } till
rollout-plan-none = Planen står här när du har valt: vem som får utgåvan när och varför, vem som har uppehåll och hur lång tid det tar.
rollout-left-out = Utelämnade
updates = Uppdateringar
updates-hold-until = Ingen utrullning rör den till och med
updates-hold-open = Ingen utrullning rör den förrän någon avslutar uppehållet.
updates-by = uppehåll av { $by }
updates-pin = Bara { $release } får komma hit.
updates-window = Den uppdateras bara { $window } (svensk tid).
updates-free = Den följer flottans utrullningar när som helst.
updates-hold = Skjut upp uppdateringar
updates-hold-explain = I högst 14 dagar rör ingen utrullning webbplatserna.
updates-days = Dagar
updates-reason = Varför
updates-unhold = Avsluta uppehållet
