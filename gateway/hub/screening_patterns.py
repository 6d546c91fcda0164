"""What screening.py looks for, each with what it is called (a key of texts). A table.

Of what may be somebody's data or a plain word, only the sure forms stand here: a text about screws is full of
numbers. Each repetition is bounded, so that no text takes long.
"""

import re

_NAME = r"(?:(?:van|von|der|den|de|du|la|le|ter|ten|zu|zur)\s){0,3}[A-ZÀ-ÖØ-Þ][\w’'-]{1,30}"
_TITLES = (
    r"Mrs?|Ms|Miss|Dr|Prof|Herrn?|Hr|Frau|[Dd]hr|[Mm]evr|[Mm]eneer|[Mm]evrouw|[Dd]e\sheer"
    r"|Mme|Mlle|Monsieur|Madame|Mademoiselle"
)
_SURNAMES = (  # the hundred most frequent in China
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁"
    "任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦傅方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴"
)
_PHONE_WORDS = (
    r"tel|telephone|telefoon(?:nummer)?|telefon(?:nummer)?|t[ée]l[ée]phone|phone|mobile|mobiel|mobil"
    r"|handy|gsm|whats\s?app|wechat|fax|call|bel|anrufen|appelez"
)
_PLATE_WORDS = (
    r"kenteken|(?:kfz-|auto)?kennzeichen|(?:number|licen[cs]e|registration)\splate|immatriculation"
)
_STREETS = (
    r"stra(?:ß|ss)e|str\.|weg|gasse|allee|platz|ring|ufer|damm|straat|laan|plein|kade|gracht|steeg"
    r"|hof|dijk|singel|dreef|lei"
)
_WAYS = (
    r"rue|avenue|av\.|bd\.?|boulevard|place|chemin|all[ée]e|impasse|route|quai|cours|square|street"
    r"|st\.?|road|rd\.?|lane|ave|close|drive|way|court|gardens"
)
_UNITS = (
    "PS|MM|CM|KM|KG|KW|NM|HZ|MW|VA|MA|AH|WH|DB|RP|SA|SD|SS"  # no town of its own, or none at all
)

PATTERNS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE if kind.endswith("~") else 0))
    for kind, pattern in (
        ("email~", r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}"),
        ("email~", r"[\w.+'-]{1,64}\s@\s[\w-]{1,63}(?:\.[\w-]{2,63}){0,3}\.[a-z]{2,10}\b"),
        (
            "email~",
            r"[\w.+'-]{1,64}\s?[\[({]\s?(?:at|@|ät|apenstaartje|arobase)\s?[\])}]\s?[\w-]{1,63}"
            r"(?:\s?(?:\.|[\[({]?\b(?:dot|punt|punkt|point)\b[\])}]?)\s?[\w-]{2,63}){1,4}",
        ),
        (
            "email~",
            r"[\w.+'-]{1,64}\s(?:at|apenstaartje|arobase)\s[\w-]{1,63}\s(?:dot|punt|punkt|point)\s[a-z]{2,10}\b",
        ),
        (
            "link~",
            r"\b(?:https?|ftp)\s?:\s?/\S{2,}|\b(?:mailto|javascript):\S{2,}|\bwww\s?\.\s?\S+",
        ),
        (
            "link~",
            r"\b[a-z0-9-]{2,63}\.(?:com|net|org|info|biz|shop|online|site|xyz|top|click|link|store|app|ru)\b",
        ),
        ("link~", r"\b[a-z0-9-]{2,63}(?:\.[a-z0-9-]{2,63}){0,3}\.[a-z]{2,6}/\S{1,60}"),
        ("markup~", r"<[a-z!/?][^<>]{0,200}>?|&(?:#\w{1,8}|[a-z]{2,8});|\{\{|\}\}"),
        ("markup~", r"\[\s?/?\s?(?:url|link|img|b|i|u|color|size|quote)\b[^\]]{0,200}\]"),
        ("markup~", r"\]\([^)]{1,200}\)|\bhref\s?="),
        ("iban~", r"\b[A-Z]{2}\d{2}(?:[ .-]?[A-Z0-9]){11,40}"),
        (
            "card",
            r"(?<![\d.,-])(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6(?:011|4[4-9]\d|5\d\d)|35\d\d)(?:[ -]?\d{4}){3}(?![\d-])",
        ),
        (
            "card",
            r"(?<![\d.,-])3(?:[47]\d\d[ -]?\d{6}[ -]?\d{5}|(?:0[0-5]|[68]\d)\d[ -]?\d{6}[ -]?\d{4})(?![\d-])",
        ),
        ("phone~", rf"\b(?:{_PHONE_WORDS})\b\W{{0,4}}\+?\d[\d /.()-]{{4,18}}\d"),
        ("phone", r"(?:电话|手机|微信)号?\W{0,2}\+?\d[\d -]{4,18}\d"),
        ("phone", r"(?<![\w+])\+[1-9](?:[ /.()-]{0,2}\d){7,13}(?!\d)"),
        ("phone", r"(?<![\w.,-])00(?:3\d|4\d|86|90)(?:[ /.()-]{0,2}\d){7,11}(?!\d)"),
        ("phone", r"(?<![\w.,-])0(?:6\d|7\d|1[5-7]\d)(?:[ /.-]?\d){7,8}(?!\d)"),
        ("phone", r"(?<![\w.,-])04[5-9]\d(?:[ /.-]?\d){6}(?!\d)"),
        ("phone", r"(?<![\w.,-])\(?0\d{1,4}(?:\)\s?|\s?[/-]\s?)\d(?:[ -]?\d){5,8}(?![\d-])"),
        ("phone", r"(?<![\w.,-])0[1-9](?:[ .]\d\d){4}(?!\d)"),
        ("phone", r"(?<![\w.,-])(?:\(\d{3}\) ?|\d{3}-)\d{3}-\d{4}(?![\d-])"),
        ("phone", r"(?<![\w.,-])1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\w-])"),
        (
            "plate~",
            rf"\b(?:{_PLATE_WORDS})\b\W{{0,3}}(?:is\s|was\s|war\s|ist\s|est\s)?"
            r"(?=[a-zäöü0-9 ·-]{0,9}\d)(?=[0-9 ·-]{0,9}[a-zäöü])[a-zäöü0-9]{1,3}(?:[ ·-]{1,2}[a-z0-9]{1,4}){1,3}\b",
        ),
        (
            "plate",
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][ ·•-]?(?=[A-Z]*\d)[A-Z0-9]{5,6}",
        ),
        ("name", rf"\b(?:{_TITLES})(?:\.\s?|\s){_NAME}|\b(?:M|[Mm]w)\.\s{_NAME}"),
        ("name", rf"[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}(?:先生|女士|小姐|师傅)"),
        (
            "address~",
            rf"[\w.’'-]{{0,40}}(?:{_STREETS})\s\d{{1,4}}(?:\s?[a-z])?[\s,;/-]{{1,3}}(?:[a-z]{{1,2}}-)?\d{{4,5}}\b",
        ),
        (
            "address",
            rf"[^\W\d][\w.’'-]{{2,40}}\s\d{{1,4}}(?:\s?[a-zA-Z]|-\d{{1,3}})?(?:\s?,\s?|\s)[1-9]\d{{3}}\s?(?!{_UNITS})[A-Z]{{2}}\b",
        ),
        ("address~", r"\bpostcode\W{0,3}[1-9]\d{3}\s?[a-z]{2}\b.{0,20}\d"),
        (
            "address~",
            rf"\b\d{{1,4}}(?:\s?(?:bis|ter|[a-z]))?,?\s(?:[\w’'-]{{1,30}}\s){{0,4}}(?:{_WAYS})(?!\w)[^\d]{{0,60}}"
            r"(?:\b\d{5}\b|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b)",
        ),
        ("address", r"[\u4e00-\u9fff]{2,10}(?:路|街|道|巷|弄)\d{1,5}(?:号|號|弄)"),
    )
)  # "~": letters of either case

DATES = re.compile(  # are no telephone numbers
    r"(?<!\d)(?:\d{1,2}([./-])\d{1,2}\1(?:19|20)\d\d|(?:19|20)\d\d([./-])\d{1,2}\2\d{1,2})(?!\d)"
)

IBAN_LENGTHS = {  # ISO 13616, IBAN Registry
    each[:2]: int(each[2:])
    for line in (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18",
        "DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23",
        "IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27",
        "MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19",
        "SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30",
    )
    for each in line.split()
}
