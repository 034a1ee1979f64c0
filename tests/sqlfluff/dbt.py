"""What sqlfluff takes for dbt's own macros of other engines' words."""


def listagg(measure: str, delimiter: str, order_by: str = "") -> str:
    return f"string_agg({measure}, {delimiter} {order_by})"
