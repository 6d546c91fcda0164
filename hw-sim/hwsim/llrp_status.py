"""LLRPStatus: how a reader says what is wrong with a message (LLRP "Errors")."""

from hwsim.llrp_bytes import A_INVALID, M_PARAMETER_ERROR, P_PARAMETER_ERROR, Malformed, Node, make


def status_of(wrong: Malformed) -> Node:
    """LLRPStatus of what is wrong; a code for a parameter stands in as many ParameterErrors as it is deep."""
    inner: list[Node] = []
    if wrong.field is not None:
        inner = [make("FieldError", FieldNum=wrong.field, ErrorCode=A_INVALID)]
    code = wrong.code
    if wrong.path and not inner and code < P_PARAMETER_ERROR:
        inner = [make("ParameterError", ParameterType=wrong.path[-1], ErrorCode=code + 100)]
    elif wrong.path:
        for number in reversed(wrong.path):
            inner = [make("ParameterError", *inner, ParameterType=number, ErrorCode=code)]
            code = P_PARAMETER_ERROR
        code = M_PARAMETER_ERROR
    elif P_PARAMETER_ERROR <= code < A_INVALID:
        code -= 100
    return make("LLRPStatus", *inner, StatusCode=code, ErrorDescription=str(wrong))
