"""States and justifications of statements on flaws, in the words of OpenVEX 0.2.0, CSAF 2.0 and CycloneDX 1.6."""

AFFECTED, NOT_AFFECTED, FIXED, IN_TRIAGE = "affected", "not_affected", "fixed", "under_investigation"
STATES = {
    **{state: state for state in (AFFECTED, NOT_AFFECTED, FIXED, IN_TRIAGE)},
    "exploitable": AFFECTED,
    "false_positive": NOT_AFFECTED,
    "in_triage": IN_TRIAGE,
    "resolved": FIXED,
    "resolved_with_pedigree": FIXED,
    "unstated": IN_TRIAGE,
}
"""States, and the words for them in bills of materials; a flaw that a bill only lists is not decided."""
_ALIKE = (
    ("component_not_present", "code_not_present"),
    ("vulnerable_code_not_present", "code_not_present"),
    ("vulnerable_code_not_in_execute_path", "code_not_reachable"),
    ("vulnerable_code_cannot_be_controlled_by_adversary", ""),
    ("inline_mitigations_already_exist", "protected_by_mitigating_control"),
    ("", "protected_at_perimeter"),
    ("", "protected_at_runtime"),
    ("", "protected_by_compiler"),
    ("", "requires_configuration"),
    ("", "requires_dependency"),
    ("", "requires_environment"),
)
"""Justifications of OpenVEX and CSAF beside those of CycloneDX; empty where one has none that says as much."""
JUSTIFICATIONS = {one: one for one, _ in _ALIKE if one} | {
    other: one for one, other in reversed(_ALIKE) if one and other and one != "component_not_present"
}
"""Any justification → what OpenVEX and CSAF call it."""
IN_BILLS = {other: other for _, other in _ALIKE if other} | {
    one: other for one, other in _ALIKE if one and other
}
"""Any justification → what CycloneDX calls it."""
DECIDED = (FIXED, NOT_AFFECTED)
"""States of what is no flaw of the product."""
