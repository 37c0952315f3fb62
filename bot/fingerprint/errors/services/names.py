"""The web service that an error is about: by its library, its host, its name or its own words."""

import re
from functools import lru_cache

# A service's client writes the service's sentence without a host, and a shop's host names the
# shop, so the service's name replaces the host. The words are of classes, of libraries and of
# hosts. A payment inside a shop's library is about the payment, so shops stand after payments.
_SERVICES = (
    *(("stripe", "Stripe"), ("paypal", "PayPal"), ("braintree", "Braintree"), ("adyen", "Adyen")),
    *(("mercadopago", "Mercado Pago"), ("mercadolibre", "Mercado Libre"), ("conekta", "Conekta")),
    *(("culqi", "Culqi"), ("openpay", "Openpay"), ("payu", "PayU"), ("wompi", "Wompi")),
    *(("niubiz", "Niubiz"), ("vnforapps", "Niubiz"), ("izipay", "Izipay"), ("kushki", "Kushki")),
    *(("squareup", "Square"), ("square\\", "Square"), ("razorpay", "Razorpay")),
    *(("mollie", "Mollie"), ("authorizenet", "Authorize.Net"), ("authorize.net", "Authorize.Net")),
    *(("gocardless", "GoCardless"), ("klarna", "Klarna"), ("redsys", "Redsys")),
    *(("shopify", "Shopify"), ("woocommerce", "WooCommerce"), ("/wp-json/wc/", "WooCommerce")),
    *(("prestashop", "PrestaShop"), ("bigcommerce", "BigCommerce"), ("vtex", "VTEX")),
    *(("tiendanube", "Tiendanube"), ("nuvemshop", "Tiendanube")),
    *(("sellingpartner", "Amazon SP-API"), ("selling-partner", "Amazon SP-API")),
    *(("sp_api", "Amazon SP-API"), ("sp-api", "Amazon SP-API"), ("ebay", "eBay")),
    *(("twilio", "Twilio"), ("vonage", "Vonage"), ("nexmo", "Vonage"), ("plivo", "Plivo")),
    *(("messagebird", "MessageBird"), ("telnyx", "Telnyx"), ("infobip", "Infobip")),
    *(("sendgrid", "SendGrid"), ("mailgun", "Mailgun"), ("mandrill", "Mandrill")),
    *(("mailchimp", "Mailchimp"), ("postmark", "Postmark"), ("sparkpost", "SparkPost")),
    *(("brevo", "Brevo"), ("sendinblue", "Brevo"), ("mailjet", "Mailjet"), ("klaviyo", "Klaviyo")),
    *(("hubspot", "HubSpot"), ("hubapi", "HubSpot"), ("salesforce", "Salesforce")),
    *(("restforce", "Salesforce"), ("jsforce", "Salesforce"), ("zoho", "Zoho")),
    *(("pipedrive", "Pipedrive"), ("zendesk", "Zendesk"), ("freshdesk", "Freshdesk")),
    *(("intercom", "Intercom"), ("activecampaign", "ActiveCampaign"), ("xero", "Xero")),
    *(("quickbooks", "QuickBooks"), ("intuit", "QuickBooks"), ("alegra", "Alegra")),
    *(("siigo", "Siigo"), ("holded", "Holded"), ("facturama", "Facturama"), ("finkok", "Finkok")),
    *(("saperror", "SAP"), ("sapb1", "SAP"), ("servicelayer", "SAP"), ("/b1s/v", "SAP")),
    *(("algolia", "Algolia"), ("meilisearch", "Meilisearch"), ("typesense", "Typesense")),
    *(("pusher", "Pusher"), ("onesignal", "OneSignal"), ("slack", "Slack")),
    *(
        ("telegram", "Telegram"),
        ("aiogram", "Telegram"),
        ("discord", "Discord"),
        ("cloudinary", "Cloudinary"),
    ),
    *(("shipstation", "ShipStation"), ("easypost", "EasyPost"), ("shippo", "Shippo")),
    *(
        ("fedex", "FedEx"),
        (".ups.com", "UPS"),
        ("ups-api", "UPS"),
        (".dhl.com", "DHL"),
        ("usps.com", "USPS"),
    ),
    *(("skydropx", "Skydropx"), ("sendcloud", "Sendcloud"), ("dropbox", "Dropbox")),
    *(("graph.microsoft", "Microsoft Graph"), ("microsoft\\graph", "Microsoft Graph")),
    *(("microsoft-graph", "Microsoft Graph"), ("dynamics", "Dynamics 365")),
    *(("business central", "Dynamics 365"), ("businesscentral", "Dynamics 365")),
    *(("airtable", "Airtable"), ("imagick", "ImageMagick"), ("minimagick", "ImageMagick")),
    *(("api.github", "GitHub"), ("octokit", "GitHub"), ("githubexception", "GitHub")),
    *(("openai", "OpenAI"), ("anthropic", "Anthropic"), ("kreait", "Firebase")),
    *(("firebase", "Firebase"), ("\\fcm\\", "Firebase"), ("fcm.googleapis", "Firebase")),
    *(("gaxios", "Google"), ("google", "Google"), ("gspread", "Google")),
    *(("whatsapp", "Facebook"), ("pywa.", "Facebook"), ("facebook", "Facebook")),
)
# The rest of an address has ids.
_ADDRESS = re.compile(r"https?://[^\s\"'<>`/]{1,200}(?:/[\w.-]{1,40}){0,3}/?")
# Some clients name neither the service nor its host, but these words are only this service's.
# Shopify's own words begin with "[API]".
_OWN_WORDS = (
    ("Shopify", ("[API] ", "per second for api client. Reduce request")),
    ("WooCommerce", ('"code":"woocommerce_', "woocommerce_rest_", "product_invalid_sku")),
    ("Magento", ("Magento_",)),
    ("Stripe", ("https://stripe.com/docs/error", r"https:\/\/stripe.com")),
    ("Stripe", ("Invalid API Key provided: ", "; a similar object exists in ")),
    ("PayPal", ('"information_link":"https://developer.paypal', r"https:\/\/developer.paypal")),
    ("SAP", ("Service Layer", "SAP B1")),
    ("SRI", ("DEVUELTA", "NO AUTORIZAD", "<claveAcceso")),
    ("VIES", ("MS_UNAVAILABLE", "S_MAX_CONCURRENT_REQ", "L_MAX_CONCURRENT_REQ")),
    ("VIES", ("INVALID_REQUESTER_INFO",)),
    ("Odoo", ("Odoo requires ",)),
    ("Facebook", ("fbtrace_id", "OAuthException", "Error validating access token: ")),
)
# SAP's Service Layer has a number and the language beside the sentence.
_SAP_BODY = re.compile(r"\"code\"\s?:\s?-?\d{1,6},\s{0,20}\"message\"\s?:\s?\{\s{0,20}\"lang\"")
# The first library in the trace that does not only carry requests.
_VENDOR = re.compile(
    r"\b(?:vendor(?!/bundle)|node_modules|gems|site-packages)[\\/]"
    r"(?!guzzlehttp|saloonphp|php-http|symfony[\\/]http-client|nategood|rmccue|league[\\/]oauth2-client"
    r"|requests|urllib3|httpx|httpcore|aiohttp|axios|@grpc|node-fetch|undici|got[\\/]|superagent|request[\\/]"
    r"|faraday|httparty|rest-client|net-http|bundle[\\/])"
    r"(?P<library>[\w@.-]{1,60}(?:[\\/][\w.-]{1,60})?)"
)
_LONGEST = 1_000
# An application's label before a service's sentence.
_LABEL = re.compile(
    r"\A(?:\[?[Ee]rror (?:\w{1,4} )?)?"
    r"(?P<name>[a-z]?[A-Z][A-Za-z0-9.-]{1,20}(?: [A-Z][A-Za-z0-9]{1,20}){0,2}?)"
    r"(?: (?:API|SDK|HTTP|[Ee]rror|[Rr]equest|response|failed|said|returned|respondi[óo]|rechaz[óo]"
    r"|devolvi[óo]|answered)){0,3}(?: [\[(]?\d{3}[\])]?)?: (?=\S)"
)
# This library asks for the tokens of any service, so only the application's files name it.
_OF_ANY_SERVICE = "League\\OAuth2\\Client\\"
# Laravel's client writes no address; the file that calls it often has the service's name, and the
# frame may have the address.
_CALLER = re.compile(
    r"\n#\d (?![^\n(]{0,200}[\\/]vendor[\\/])[^\n(]{0,200}[\\/]app[\\/](?P<path>[^\n(]{1,120})"
    r"\(\d{1,7}\): Illuminate\\Http\\Client\\\w{1,40}->\w{1,20}\((?P<address>'https?://[^/'\n]{1,100})?"
)


def service_name(message: str, head: str, class_name: str | None, text: str) -> str | None:
    """Return the name of the service, or None. `head` are the message's words before a body.

    Not every class names the service, but the first library in the trace may. If the message
    quotes a body, an application often names the service before it.
    """
    address = _ADDRESS.search(message) if "http" in message else None
    if address is None and "rl: 'http" in text:
        address = _ADDRESS.search(text, text.find("rl: 'http"))
    own = _own_words(message, head, class_name or "", text)
    words = (f"{class_name} {library(text)} {address.group() if address else ''} {own}").lower()
    if (name := _named(words)) is not None:
        return name
    start = message[:_LONGEST]
    for name, own_words in _OWN_WORDS:
        for word in own_words:
            if word in start:
                return name
    return "SAP" if '"lang"' in start and _SAP_BODY.search(start) else None


@lru_cache(maxsize=512)
def _named(words: str) -> str | None:
    """Return the service that these words name. A queue's failures have few classes and hosts."""
    return next((name for word, name in _SERVICES if word in words), None)


def library(text: str) -> str:
    """Return the first library in the trace: not every class names the service."""
    match = _VENDOR.search(text, 0, _LONGEST)
    return match["library"] if match else ""


def _own_words(message: str, head: str, class_name: str, text: str) -> str:
    """Return the application's words about the request."""
    if class_name.startswith(_OF_ANY_SERVICE):
        return text[:_LONGEST]
    if class_name.startswith("Illuminate\\Http\\Client\\"):
        caller = _CALLER.search(text)
        return f"{caller['path']} {caller['address']}" if caller else ""
    if len(head) < len(message):
        return head[-100:]
    label = _LABEL.match(head)
    return label["name"] if label else ""


def without_label(text: str, service: str) -> str:
    """Return the text without a label that only names the service."""
    label = _LABEL.match(text)
    if label is None:
        return text
    words = label["name"].lower()
    is_name = words == service.lower() or any(
        word in words.replace(" ", "") for word, name in _SERVICES if name == service
    )
    return text[label.end() :] if is_name else text
