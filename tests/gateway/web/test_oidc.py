"""ID tokens that nobody may log in with (OpenID Connect Core 1.0, "ID Token Validation"), from a provider that lies."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from gateway.config import OidcConfig
from gateway.web.oidc import Fields, NotBegun, Oidc, OidcTrouble

ISSUER = "https://id.example"
KEY, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def jwk(key: rsa.RSAPrivateKey, **more: str) -> dict[str, Any]:
    return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "1", "use": "sig"} | more


class Provider:
    """Answers as it is told. token: claims -> ID token."""

    def __init__(self, token: Callable[[dict[str, Any]], str], **metadata: str) -> None:
        self.token = token
        self.metadata = {"issuer": ISSUER} | metadata
        self.keys = [jwk(KEY)]
        self.nonce = ""
        self.asked: list[str] = []

    async def ask(
        self, method: str, url: str, form: Fields | None, basic: tuple[str, str] | None
    ) -> tuple[int, bytes]:
        path = urlsplit(url).path
        self.asked.append(path)
        said: dict[str, Any] = {"keys": self.keys}
        if path.endswith("openid-configuration"):
            said = {
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
            } | self.metadata
        elif path == "/token":
            now = int(time.time())
            claims = {"iss": ISSUER, "aud": "line1", "sub": "kim", "groups": ["leads"]}
            claims |= {"iat": now, "exp": now + 60, "nonce": self.nonce}
            said = {"id_token": self.token(claims)}
        return 200, json.dumps(said).encode()


async def login(provider: Provider) -> str:
    """The name of who is logged in. Raises OidcTrouble."""
    config = OidcConfig(issuer=ISSUER, client_id="line1", roles={"leads": "lead"})
    oidc = Oidc(config, None, provider.ask)
    begun = await oidc.begin("https://line1.example", "/")
    query = {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}
    assert query["code_challenge_method"] == "S256"
    provider.nonce = query["nonce"]
    answer = {"code": "1", "state": query["state"]}
    person, _ = await oidc.end(begun.key, answer)
    with pytest.raises(NotBegun):
        await oidc.end(begun.key, answer)
    return person.id


def signed(claims: dict[str, Any], key: Any = KEY, how: str = "RS256", **header: str) -> str:
    return jwt.encode(claims, key, how, headers={"kid": "1"} | header)


def by_public_key(claims: dict[str, Any]) -> str:
    """HS256 with the issuer's public key as its secret, which PyJWT itself refuses to make."""
    head, body, _ = signed(claims, "x" * 64, "HS256").split(".")
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return f"{head}.{body}.{jwt.utils.base64url_encode(mac.sign(f'{head}.{body}'.encode(), PEM)).decode()}"


async def test_a_token_as_it_should_be_counts_once() -> None:
    assert await login(Provider(signed)) == "kim"


@pytest.mark.parametrize(
    "token",
    [
        lambda claims: jwt.encode(claims, None, "none", headers={"kid": "1"}),
        by_public_key,
        lambda claims: signed(claims, OTHER),
        lambda claims: signed(claims, kid="2"),
        lambda claims: signed(claims | {"iss": "https://other.example"}),
        lambda claims: signed(claims | {"aud": "line2"}),
        lambda claims: signed(claims | {"aud": ["line1", "line2"]}),
        lambda claims: signed(claims | {"azp": "line2"}),
        lambda claims: signed(claims | {"nonce": "of another login"}),
        lambda claims: signed(claims | {"exp": claims["iat"] - 120}),
        lambda claims: signed(claims | {"iat": claims["iat"] + 120}),
        lambda claims: signed(claims | {"nbf": claims["iat"] + 120}),
        lambda claims: signed(claims | {"exp": float("inf")}),
        lambda claims: signed(claims | {"groups": [{"leads": 1}, ["leads"], None]}),
        lambda claims: signed({name: said for name, said in claims.items() if name != "exp"}),
        lambda claims: signed({name: said for name, said in claims.items() if name != "nonce"}),
        lambda claims: signed(claims)[:-8],
        lambda claims: "",
        lambda claims: "..",
        lambda claims: "e30.e30.e30",
    ],
)
async def test_a_token_that_is_not_for_this_login_is_refused(
    token: Callable[[dict[str, Any]], str],
) -> None:
    with pytest.raises(OidcTrouble):
        await login(Provider(token))


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [{"kty": "oct", "kid": "1", "k": "eA"}],
        [jwk(KEY, use="enc")],
        [jwk(KEY), jwk(OTHER)],
        [jwk(KEY, alg="PS256")],
        [{"kty": "RSA", "kid": "1", "n": "AQ", "e": "AQ"}],
        [1],
        "keys",
        None,
    ],
)
async def test_keys_that_cannot_be_used_are_told_and_not_asked_for_again_and_again(
    keys: Any,
) -> None:
    provider = Provider(signed)
    provider.keys = keys
    with pytest.raises(OidcTrouble):
        await login(provider)
    assert provider.asked.count("/keys") <= 2


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://id.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_metadata_of_another_or_that_leads_astray_are_refused(
    metadata: dict[str, str],
) -> None:
    with pytest.raises(OidcTrouble):
        await login(Provider(signed, **metadata))
