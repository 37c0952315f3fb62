"""Mask personal data in texts: phones, document numbers and postal addresses.

E-mail addresses are masked for everybody, together with secrets (`secret_patterns`).
"""

import re

from bot.masking.keys import any_of
from bot.masking.secret_patterns import MASK

PERSONAL_KEYS: tuple[str, ...] = (
    *("phone", "telefono", "telephone", "telefone", "celular", "mobile", "movil", "whatsapp"),
    *("dni", "ruc", "nif", "cuit", "cuil", "cpf", "cnpj", "rfc", "curp", "cedula"),
    *("passport", "pasaporte", "passaporte", "numero_documento", "nro_documento", "num_documento"),
    *("document_number", "doc_number", "documento_identidad", "national_id", "tax_id"),
    *("street", "address_line", "address1", "address2", "shipping_address", "billing_address"),
    *("direccion", "domicilio", "calle", "endereco", "postal_address", "home_address"),
)
"""The keys of payloads whose values are personal data."""

# A phone number with its country code: `+51 987 654 321`, `+1 (555) 010-9999`.
_PHONE = re.compile(r"(?<![\w.+])\+\d{1,3}(?:[ .()-]{0,2}\d){7,12}(?!\d)")
_IS = r"[\"'\]]?\s{0,3}(?:=>|[:=#]|n[°ºo]\.?)?\s{0,3}(?P<q>\\{0,8}[\"']?)"
_PHONE_LABEL = re.compile(
    r"(?<![^\W_])(?:phone|tel(?:e|é)fon[oe]|telephone|tel\.|celular|m(?:o|ó)vil|mobile|whatsapp|fax)"
    rf"(?:[ _](?:number|no|nro))?{_IS}(?P<value>[+(]?\d(?:[ .()-]{{0,2}}\d){{5,14}})(?!\w)",
    re.IGNORECASE,
)
_DOCUMENT_LABEL = re.compile(
    r"(?<![^\W_])(?:dni|ruc|nif|nie|cuit|cuil|cpf|cnpj|rfc|curp|c(?:e|é)dula|passport|pasaporte"
    r"|passaporte|(?:n(?:u|ú)mero|nro|num)[ _.](?:de[ _])?documento|document_number"
    r"|tax_id|national_id)"
    rf"{_IS}(?P<value>(?=[A-Z./-]{{0,6}}\d)[\dA-Z][\dA-Z./-]{{6,17}})(?!\w)",
    re.IGNORECASE,
)
_CPF = re.compile(r"\d(?<![\d.]\d)\d(?:\d\.\d{3}\.\d{3}-\d{2}|\.\d{3}\.\d{3}/\d{4}-\d{2})(?!\d)")
# A postal address has a separator, letters and a space; `address: 127.0.0.1` is a host.
_ADDRESS_LABEL = re.compile(
    r"(?<![^\W_])(?:(?:shipping|billing|home|postal|delivery)[ _]address"
    r"|address(?:[ _]?line)?[ _]?[12]?|direcci(?:o|ó)n|domicilio|street|calle|endere(?:c|ç)o)"
    r"[\"'\]]?\s{0,3}(?:=>|[:=])\s{0,3}(?P<q>\\{0,8}[\"']?)"
    r"(?P<value>(?=[^\"'\n]{0,60}[^\W\d_]{2}[^\"'\n]{0,60}\s)(?(q)[^\"'\n\\]{5,300}))",
    re.IGNORECASE,
)
# Every text with a label contains one of these parts. The search for these parts is fast.
_HINT = re.compile(
    any_of(
        b"fono fone phon tel. celular movil m\xc3\xb3vil mobile whatsapp fax dni nif cuit"
        b" cuil cpf cnpj rfc curp dula passp pasap documento document_n tax_id"
        b" national_id address direcci domicilio street endere".split()
    )
    # `construct`, `denied` and `called` contain these labels; `n` begins `No.`.
    + rb"|(?:calle|nie|ruc)(?![a-mo-z])"
)


def mask_personal(text: str) -> str:
    """Return `text` with `[masked]` for phones, document numbers and addresses."""
    if "+" in text:
        text = _PHONE.sub(MASK, text)
    if "-" in text and "." in text:
        text = _CPF.sub(MASK, text)
    if _HINT.search(text.lower().encode("utf-8", "replace")) is not None:
        for label in (_PHONE_LABEL, _DOCUMENT_LABEL, _ADDRESS_LABEL):
            text = label.sub(_masked, text)
    return text


def _masked(match: re.Match[str]) -> str:
    start, end = (place - match.start() for place in match.span("value"))
    if MASK in match["value"]:
        return match.group()
    return match.group()[:start] + MASK + match.group()[end:]
