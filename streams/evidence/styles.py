"""How the page looks: readable on a screen, in the dark and on paper."""

STYLES = """
:root { color-scheme: light dark; --line: #8884; --quiet: light-dark(#555, #b0b0b0); }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
html { background: Canvas; color: CanvasText; } td, dd, h1 { overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0; text-align: left; vertical-align: top; }
td.at, td.n { font-variant-numeric: tabular-nums; white-space: nowrap; }
#entries td:nth-child(2) { white-space: nowrap; padding-right: 1rem; }
.limits { border-left: .3rem solid #c60; padding-left: 2rem; } .outside { color: var(--quiet); }
.made, .handed_out { font-weight: 600; } .not_made { color: light-dark(#a12000, #ff9f73); font-weight: 600; }
pre { overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; }
code { overflow-wrap: anywhere; font-size: .85rem; } dl { margin: .3rem 0; } dt { float: left; clear: left; }
dd { margin-left: 18rem; } details > summary { cursor: pointer; color: var(--quiet); font-size: .9rem; }
@media print { details > * { display: block; } body { max-width: none; margin: 0; } tr { break-inside: avoid; } }
@media (max-width: 40rem) { dd { margin-left: 1rem; } dt { float: none; } table { display: block; overflow-x: auto; } }
"""
