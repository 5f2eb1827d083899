"""The words that the gate looks for, in English and Spanish together: none of one language misleads in the other.

Patterns are tried on plain text, without markup and citations.
"""

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


def _pattern(*alternatives):
    return re.compile("|".join(f"(?:{alternative})" for alternative in alternatives), re.IGNORECASE)


# Numbers that state nothing: emergency and telephone numbers, and names such as L4, L4-L5, B12, K233800.
NO_STATEMENT = _pattern(
    r"(?<!\d)(?:\+?1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)",
    r"(?<![\d.,])(?:911|988|711)(?![\d%]|[.,]\d| (?:of|people|patients|adults|de|personas|pacientes|adultos)\b)",
    r"\b[^\W\d_]{1,3}\d\w*(?:[-/–][^\W_]?\d+)*|\bCOVID-19\b",
)
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*\s?%?")

_FDA = r"(?:FDA|Food and Drug Administration|Administraci[oó]n de Alimentos y Medicamentos)"
REGULATOR = _pattern(rf"\b{_FDA}\b")

_PAYER = (
    r"(?:Medicare|Medicaid|insurers?|insurance(?: compan(?:y|ies))?|aseguradoras?|seguros?(?: m[eé]dicos?)?"
    r"|(?:your|health|insurance|drug|advantage|private|some|most|many|all|other|the|su|el|los|algunos) plan(?:s|es)?"
    r"|plan(?:s|es)? (?:de salud|m[eé]dicos?))"
)
_PAYS = (
    r"(?:pays?(?! (?:close )?attention)|paid|cover(?:s|ed|age)?|reimburse(?:s|d|ment)?"
    r"|paga[nr]?|cubren?|cubrir|cubiert[oa]s?|cobertura|reembols\w+)"
)
PAYER = _pattern(
    rf"\b{_PAYER}\b[^.!?;]{{0,60}}?\b{_PAYS}\b", rf"\b{_PAYS}\b (?:for )?(?:by|por) [^.!?;]{{0,20}}?\b{_PAYER}\b"
)
# To ask who pays is advice and no statement.
ASKING = _pattern(
    r"\?\W*$",
    r"^\W*(?:if|when|ask|check|call|find out|tell|bring|si|cuando|pregunte|consulte|llame|averig[uü]e|traiga)\b",
    r"\b(?:ask|check|find out|know|tell you|see)\b[^.!?]*\b(?:whether|if|what|how)\b",
    r"\b(?:pregunt\w+|consult\w+|saber|averig\w+)\b[^.!?]*\b(?:si|qu[eé]|cu[aá]nto)\b",
    r"\bwe (?:will )?(?:ask|check)\b",
)

DENIAL = _pattern(
    r"\b(?:no|not|never|nobody|none|neither|nor|cannot|without|no one|hardly|rarely)\b",
    r"n['’]t\b",
    r"\b(?:nunca|nadie|ning[uú]n[oa]?|ni|sin|tampoco|jam[aá]s)\b",
    r"\b(?:different from|less than|other than|distint[oa] de|menos que)\b",
)
# These deny nothing: "not only FDA approved".
NO_DENIAL = _pattern(
    r"\bnot (?:only|just)\b", r"\b(?:no|without|there is no) (?:a )?doubts?\b", r"\bno s[oó]lo\b", r"\bsin duda\b"
)
# What follows is asked or left open: "ask whether it is safe".
OPEN = _pattern(
    r"\b(?:ask|whether|until|how|what|tell|if (?:it|this|that|they|the))\b",
    r"\b(?:pregunte|si (?:es|est[aá]|el|la|este|esto)|hasta|c[oó]mo|qu[eé])\b",
)


@dataclass(frozen=True)
class Phrase:
    """Words that keep a page from readers wherever they are stated, and not denied before in the same clause.

    `denied_anywhere`: a denial after them counts too ("FDA approval was not needed").
    `unless_approved`: they may stand where typed data say that the FDA approved something.
    """

    pattern: re.Pattern
    what: str | Promise
    denied_anywhere: bool = False
    unless_approved: bool = False


_APPROVAL = _(
    "“%(words)s”: the tools of a procedure are mostly cleared, which is less. Write “cleared”, or add a row about the "
    "FDA with the status “approved” and its number."
)
_SUCCESS = _("“%(words)s”: no study was found behind 79 or 80 percent. Say what a named study found.")
_SAFE = _("“%(words)s” hides the risk. Say how often problems were seen, and name the serious ones.")
_PROMISE = _("“%(words)s” is a promise. Say how many people were helped, and that not everybody was.")
_NATIONWIDE = _("“%(words)s”: name the condition. Medicare may pay only as part of a study that it has approved.")
_PERSON = r"(?:you(?:['’]re|['’]ll| will| can| may)?|patients?|people|they|your life)"

FORBIDDEN = (
    Phrase(
        _pattern(
            rf"\b{_FDA}[- ](?:(?:has|have|had|already|also|fully) )*(?:approved|approves)",
            rf"\b{_FDA} (?:(?:ha|ya) )*(?:aprobado|aprob[oó]|aprueba)",
            rf"\b(?:approved|aprobad[oa]s?) (?:for use )?(?:by|por) (?:the |la |US |U\.S\. |Federal )*{_FDA}",
        ),
        _APPROVAL,
        unless_approved=True,
    ),
    Phrase(
        _pattern(
            rf"\b{_FDA}(?:['’]s)?[- ](?:\w+ )?approval",
            rf"\b(?:approval|aprobaci[oó]n) (?:by|from|of|de|por) (?:the |la )?{_FDA}",
        ),
        _APPROVAL,
        denied_anywhere=True,
        unless_approved=True,
    ),
    Phrase(
        _pattern(
            rf"\b{_PAYS}\b[^.!?;]{{0,40}}?\b(?:nationwide|nationally|in (?:all|every) (?:50 )?states?)\b",
            rf"\b{_PAYS}\b[^.!?;]{{0,40}}?\ben todo el pa[ií]s\b",
            r"\bnational(?:ly)? (?:Medicare )?coverage\b",
        ),
        _NATIONWIDE,
    ),
    Phrase(
        _pattern(
            r"\b(?:79|80)\s?(?:%|percent|per cent|por ciento) (?:de )?(?:success|effective|[eé]xito|efectiv|eficac)\w*",
            r"\b(?:success rates?|tasas? de [eé]xito)[^.!?;]{0,20}?\b(?:79|80)\s?(?:%|percent|per cent|por ciento)",
            r"\bsuccess(?:ful|es)? (?:in|for) (?:\w+ )?(?:79|80)\s?(?:%|percent|per cent)",
        ),
        _SUCCESS,
    ),
    Phrase(
        _pattern(
            r"\b(?:100\s?%|completely|totally|perfectly|absolutely|entirely) safe\b",
            r"\brisk[- ]free\b",
            r"\b(?:100\s?%|completamente|totalmente|absolutamente) segur[oa]s?\b|\bsin (?:ning[uú]n )?riesgos?\b",
            r"\b(?:is|are|it['’]s) (?:(?:very|quite|generally|also|proven) )*safe\b"
            r"(?! (?:to|if|when|enough|place|for you))",
            r"\b(?:es|son) (?:muy )?segur[oa]s?\b(?! (?:que|si|para usted))",
        ),
        _SAFE,
    ),
    Phrase(
        _pattern(
            rf"\b{_PERSON} (?:be |become |live |stay |are |end up |feel |go home )+pain[- ]free\b",
            r"\b(?:will|can|could|may) (?:be|become|live|stay|feel|walk|go home) pain[- ]free\b",
            r"\bpain[- ]free life\b|\bvida sin dolor\b",
            r"\b(?:quedar|estar|vivir|sentirse)[aá]? (?:usted )?sin dolor\b",
            r"\bguarantee[sd]?\b|\bgarantiza(?:mos|n|do|da)?\b",
            r"\bwill (?:cure|fix|end|eliminate|get rid of|take away) (?:your|the|all) \w*\s?pain\b",
        ),
        _PROMISE,
    ),
    Phrase(
        # Here the denial is part of the promise, so nothing before it takes it back.
        _pattern(
            r"\b(?:do not|don['’]t|no longer|never) (?:have to|need to) (?:suffer\b|live with (?:\w+ )?pain)",
            r"\bno tiene (?:por qu[eé]|que) (?:sufrir|vivir con (?:el )?dolor)",
        ),
        _PROMISE,
    ),
)

# Words that may be right, and often are not.
ADVISED = (
    (
        _pattern(r"\bsafe\b", r"\b(?:es|son|m[aá]s|muy) segur[oa]s?\b"),
        _("“%(words)s” hides the risk. Say how often problems were seen, or what to do and not to do."),
    ),
    (
        _pattern(r"\bsuffer(?:s|ed|ing|ers?)?\b", r"\bsufr(?:e|en|ir|i[oó]|imiento)\b"),
        _("“%(words)s” makes people small. Write “have”, “had” or “live with”."),
    ),
    (
        _pattern(r"\bpain[- ]free\b", r"\bsin dolor\b"),
        _("“%(words)s” sounds like a promise. Say how much less pain, and in how many people."),
    ),
)
PERCENT = re.compile(r"\d\s?%|\d (?:percent|per cent|por ciento)\b", re.IGNORECASE)
PEOPLE = _pattern(
    r"\b(?:people|persons?|patients?|adults|women|men|veterans|personas|pacientes|adultos|mujeres|hombres)\b"
)
IN_PEOPLE = _pattern(r"\b\d[\d,.]* (?:in|of|out of|de|de cada) (?:[^\W\d_]+ ){0,3}?\d", r"\b(?:half|mitad)\b")

# A page that speaks of these shows the emergency card.
SPINE = _pattern(
    r"\b(?:spine|spinal|lumbar|vertebrae?|vertebral|sciatica?|cauda equina|epidural|sacroiliac)\b",
    r"\b(?:herniated|slipped) dis[ck]s?\b",
    r"\b(?:back|neck|leg|spine)[- ]pain\b|\bpain in (?:the|your|one|both) (?:lower |upper )?(?:back|neck|legs?)\b",
    r"\b(?:lower|low|upper|your) back\b",
    r"\b(?:espalda|columna|espinal|v[eé]rtebras?|ci[aá]tica|cola de caballo|hernia de disco|sacroil[ií]ac[oa])\b",
    r"\bdolor (?:de|en) (?:el |la |las |su |sus |una |ambas )?(?:cuello|piernas?)\b",
)
