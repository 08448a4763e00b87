# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

fleet = Flottan
municipality = Kommun
municipalities = Kommuner
fleet-answer = { $quarantined ->
    [0] { $running ->
        [0] Ingen av { $total } kommuner är i drift just nu.
       *[other] { $running } av { $total } { $total ->
            [one] kommun
           *[other] kommuner
        } är i drift. Inget behöver åtgärdas.
    }
    [one] { $running } av { $total } kommuner är i drift. En behöver tillsyn.
   *[other] { $running } av { $total } kommuner är i drift. { $quarantined } behöver tillsyn.
 }
fleet-needs-person = { $count ->
    [one] En åtgärd har stannat och behöver någon som tittar på den
   *[other] { $count } åtgärder har stannat och behöver någon som tittar på dem
 }
fleet-running-now = { $count ->
    [one] En åtgärd pågår
   *[other] { $count } åtgärder pågår
 }
fleet-legend = Antal kommuner i varje läge
fleet-filter = Sök och filtrera kommuner
fleet-filtered = Visar { $shown } av { $total } kommuner.
fleet-empty-answer = Flottan är tom än så länge.
fleet-empty-heading = Anslut den första kommunen
fleet-empty-explain = Du anger kommunens kod, en domän och en e-postadress. Flotta skapar en egen WordPress för kommunen på ungefär en minut.
fleet-empty-ask = Be en operatör att ansluta den första kommunen.
onboard-button = Anslut kommun
county = Län
all-counties = Alla län
no-county = Utan länskod
view-tiles = Brickor
view-list = Lista
sort-name = Namn
sort-code = Kommunkod
sort-state = Läge
sort-release = Utgåva
sort-newest = Nyast först
code = Kommunkod
domain = Domän
release = Utgåva
environment = Miljö
in-fleet-since = I flottan sedan
fleet-rollouts = { $waiting ->
    [0] { $count ->
        [one] En utrullning pågår
       *[other] { $count } utrullningar pågår
    }
    [one] En utrullning väntar på dig
   *[other] { $waiting } utrullningar väntar på dig
}
