"""Phrases that name a study design: what each is worth in a title and in a text."""

# ruff: noqa: E501 - a pattern that is broken over many lines is harder to read than a long one

from collections.abc import Mapping
from typing import NamedTuple
from zlib import crc32


class Rule(NamedTuple):
    """Words that speak for a design: their points in a title and in a text."""

    name: str
    design: str
    title: float
    text: float
    pattern: str


_ANIMAL = (
    r"mice|mouse|murine|rats?|rodents?|zebrafish|drosophila|c\. elegans|caenorhabditis|rabbits?|piglets?|pigs?|swine|porcine"
    r"|macaques?|monkeys?|marmosets?|baboons?|rhesus|nonhuman primates?|non-human primates?|gerbils?|guinea pigs?|hamsters?"
    r"|dogs|canine|cats|feline|sheep|ovine|lambs|goats|chicks?|xenopus|gp120|c57bl(?:/6j?)?|wistars?|sprague[- ]dawley|balb/c"
    r"|knock-?out|knock-?in|transgenic|cuprizone|lysolecithin|ferrets?|flies|songbirds?|budgerigars?|voles?|tadpoles?"
)


def _bounded(pattern: str) -> str:
    return pattern if "^" in pattern[:5] else rf"\b(?:{pattern})"


# A scan joins title and text by a null byte, so a title ends at "$" or there.
_RULES = (
    # indexing, titles and phrases that name the design outright
    ("systematic-review", 9, 5, r"systematic(?:ally)? (?:literature |scoping |evidence )?review(?:s|ed)?|systematic literature (?:search|review)"),
    ("systematic-review", 9, 4.5, r"meta-?analy(?:sis|ses|tic)|meta-?regression|cochrane (?:review|systematic|database of systematic)|network meta"),
    ("systematic-review", 10, 3, r"scoping review|umbrella review|rapid review|integrative review|systemic review|evidence-based (?:analysis|review)|mapping review|living review"),
    ("systematic-review", 1, 4, r"(?:medline|pubmed|embase|psycinfo|cinahl|web of science|cochrane (?:library|central)|scopus)[^.]{0,80}(?:search|quer|databas|were|from|up to|until)"),
    ("systematic-review", 1, 4, r"search(?:ed|es|ing)? (?:of |in |the |on |for |from |was |were |through |strategy ){0,3}[^.]{0,60}(?:medline|pubmed|embase|psycinfo|cinahl|web of science|cochrane|scopus|google scholar|databases)"),
    ("systematic-review", 2, 3.5, r"(?:studies|trials|articles|papers|rcts|records|reports|publications) (?:were |that |met |meeting ){0,2}(?:included|retrieved|identified|eligible|screened|the inclusion|our inclusion|pooled)"),
    ("systematic-review", 1, 3, r"prisma|prospero|risk of bias|random[- ]effects (?:model|meta)|study selection|data sources|included (?:studies|trials)|pooled (?:prevalence|estimate|odds|or|effect|analysis of (?:studies|trials))|newcastle-ottawa|grade approach"),
    ("guideline", 8, 1.5, r"guidelines?(?: for| on| of)|(?:clinical|practice) guidelines?|guideline update"),
    ("guideline", 8, 1.2, r"consensus|delphi|position (?:paper|statement)|recommendations?(?: for| on| of| by| from)|expert panel|expert opinion|task force"),
    ("guideline", 1, 3, r"(?:we|panel|group|experts?|committee) (?:\w+ ){0,3}(?:recommend|developed (?:\w+ ){0,3}(?:recommendations|guidelines?)|agreed)|these (?:guidelines|recommendations)|evidence-based recommendations"),
    ("protocol", 10, 7, r"study protocol|protocol (?:for|of) (?:a|an|the|two)|trial protocol|protocol paper|: protocol|- protocol|a protocol"),
    ("protocol", 20, 0, r"(?:study|trial|research|intervention|review) protocol\b|protocol for an? "),
    ("protocol", 5, 4.5, r"(?:this|the) (?:study|trial|project) (?:will|aims to (?:test|evaluate|assess))|(?:participants|patients|subjects|individuals|women|men|children) will be|(?:we|it|data|outcomes?|outcome measures|assessments?|analys[ei]s|interviews|results|findings) will (?:be )?(?:be|randomi|recruit|enrol|compare|collect|assess|measur|evaluat|conduct|disseminat|publish|us)"),
    ("protocol", 4, 2.5, r"ethics and dissemination|methods and analysis|will be (?:randomly|randomi[sz]ed|recruited|enrolled|assessed|measured|collected|disseminated|conducted|analy[sz]ed|evaluated|compared|included|published|performed)|rationale(?:,)? (?:and|&) design|design and rationale|spirit (?:checklist|guidelines)|trial status"),
    ("case-report", 11, 5, r"case reports?|case series|reports? of (?:a|one|two|three|four|five|six|2|3|4|5|6) (?:\w+ ){0,3}(?:cases?|patients?)|(?:a|two|three|four|five|six|seven|2|3|4|5|6|7|rare|unusual|first|new|interesting|unique) (?:\w+ ){0,2}cases? (?:of|with|report|and|presentation|study)|presentation of (?:two|three|a) cases?|case presentations?|report of (?:two|three|four|five) |a case(?:$|\x00)|case in point"),
    ("case-report", 2, 4.5, r"(?:we|authors?|i) (?:here(?:in|by)? |also |now )?(?:report|describe|present|discuss|encountered|observed|treated|diagnosed|document)(?:s|ed)? (?:on |here |herein |on |about )?(?:the )?(?:(?:a|an|one|two|three|four|five|six|2|3|4|5|6|first|rare|clinical|unusual|unique) ){1,3}(?:\w+[- ]){0,8}?(?:cases?|patients?|man|woman|men|women|boy|girl|child|children|infant|newborn|neonate|adolescent|male|female|twins?|sisters?|brothers?|siblings|instances?|case|lady|gentleman|family)"),
    ("case-report", 2, 4.5, r"(?:a|an|this|the|our|one|previously healthy|old) (?:[a-z,-]+ ){0,2}\d{1,2}[ -](?:years?|months?|weeks?|days?|yrs?|yr|y|yo|y/o)[ -]?(?:-?old)?(?:[ -](?:\w+[ -]){0,4}?(?:man|woman|boy|girl|male|female|patient|child|infant|lady|gentleman|neonate|newborn|baby|physician|caucasian|teenager|adolescent))"),
    ("case-report", 1, 4, r"\d{1,2}[- ](?:year|month|week|day)s?[- ]old (?:\w+[- ]){0,4}?(?:man|woman|boy|girl|male|female|patient|infant|child|lady|gentleman|neonate|newborn)(?: \w+){0,8} (?:present|admitted|develop|was|who|with|complain|suffer|had|referred|diagnos|experienc)"),
    ("case-report", 4, 3, r"(?:this|our|the present|present|index|second|first|previous) case (?:report|highlight|illustrat|demonstrat|suggest|emphasi|show|represent|describ|support|is |also )|in (?:this|our) (?:case|patient)|our patient|the patient (?:was|had|presented|developed|underwent|received|died|recovered|reported)|this (?:is the first|patient)|masquerading|mimicking|literature review of cases|report and review"),
    ("case-report", 3, 0, r"(?:in|of|with) (?:a|an|one) (?:\w+[- ]){0,4}?(?:patient|man|woman|boy|girl|child|infant|neonate|newborn|adolescent|family|adult|male|female)"),
    ("review", 11, 3.5, r"narrative review|literature review|(?:a|an|the|brief|mini|short|critical|comprehensive|updated?|current|topical|clinical|concise|practical|state-of-the-art|selective|historical|pictorial|contemporary)[- ]?review|: review|review of (?:the )?(?:literature|current|recent|evidence|its|pharmac|clinical|mechan)|review article|a review"),
    ("review", 3, 5, r"(?:this|the present|the current|our|present|mini-?|brief|current|in the) (?:narrative |mini-?|short |brief |comprehensive |literature |opinion |perspective |invited |focused |clinical |systematic-like )*(?:review|overview|chapter|article reviews|paper reviews|article (?:discusses|summari[sz]es|describes|provides|highlights|outlines|aims|explores|addresses|considers|focuses|covers|presents)|paper (?:discusses|summari[sz]es|describes|provides|highlights|outlines|explores|addresses|considers|focuses|examines|offers|argues|reviews|presents an overview)|opinion article|commentary summari|monograph|editorial summari)"),
    ("review", 1, 4.5, r"(?:we|i|here|herein|authors?|this article|it|paper|also|will|briefly|first|then) (?:also |will |here(?:in)? |then |briefly |further |critically |now |first |provide an? (?:\w+ )?)*(?:review|overview|summari[sz]e|discuss|outline|highlight|cover|survey|consider|synthesi[sz]e)(?:s|ed)? (?:the|recent|current|what|how|our|this|these|several|some|new|advances|evidence|and|available|possible|potential|key|different|various|both|existing|data|in|insights|that|mechanisms|emerging|whether|their|its|findings|literature|studies|clinical|novel|of|on)"),
    ("review", 5, 0, r": (?:a|an|the) (?:[\w-]+ ){0,2}(?:review|overview)\b|: (?:review|overview)\b"),
    ("review", 4.5, 0, r"overview|current (?:status|state|concepts|knowledge|understanding|evidence|treatments?|approaches|management|trends|views?)|recent (?:advances|progress|developments|insights)|(?:new|emerging|novel|future) (?:insights|directions|perspectives?|concepts|therapies|therapeutic|approaches)|advances in|progress in|past, present|updates?|updated|perspectives?|challenges|landscape|lessons|a profile of|profile of its|first (?:global )?approval|approach to|diagnosis and (?:management|treatment)|therapeutic (?:targets?|strategies|potential|implications|opportunities)|insights?|pathogenesis|pathophysiology|pathways in|potential (?:role|drug)|implications (?:of|for)|immunopathology|what (?:is|do|we|have)|how to|from .{3,40} to|beyond|history of|principles|research in|mechanisms|working up|state of the art|the role of|primer|toward"),
    ("randomized-trial", 7, 5.5, r"randomi[sz]ed(?:,|-| )(?:[\w-]+,? ){0,5}?(?:controlled|clinical|trial|study|double|single|placebo|crossover|cross-over|pilot|phase|open|parallel|comparison|feasibility)|randomi[sz]ed trial|randomi[sz]ation|rcts?|cluster[- ]randomi|randomi[sz]ed"),
    ("randomized-trial", 4, 5.5, r"(?:were|was|patients|participants|subjects|women|children|individuals|and|then|people|volunteers|adults|group|be) (?:then |also |prospectively |centrally |equally |first )?randomi[sz]ed|randomly (?:assigned|allocated|divided|selected to|received|distributed|assign|chosen to)|random(?:ly)? (?:assignment|allocation)|by random|at random to|assigned (?:randomly|at random)|randomi[sz]ed (?:to|in|into|1:1|2:1|by)"),
    ("randomized-trial", 3.5, 3, r"double[- ]?blind(?:ed)?|placebo[- ]controlled|sham[- ]controlled|single[- ]blind(?:ed)?|intention[- ]to[- ]treat|crossover (?:trial|study|design)|cross-over (?:trial|study|design)|(?:versus|vs\.?|or|and|than|with|to|received) placebo|placebo group|placebo-treated|treatment arms?|waiting[- ]list control|wait-?list|attention control"),
    ("randomized-trial", 4, 4, r"post[- ]?hoc (?:analysis|analyses)|subgroup analys[ei]s of"),
    ("randomized-trial", 2.5, 1.5, r"versus|compared (?:with|to) placebo|non-?inferiority|superiority trial|allocat"),
    ("trial", 6, 3.5, r"open[- ]label|single[- ]arm|single-group|phase (?:1|2|3|i|ii|iii|1b|2a|ib|iia|1/2|i/ii)[ab]? (?:\w+[ ,-]){0,4}?(?:trial|study|clinical)|dose[- ](?:escalation|finding|ranging)|first[- ]in[- ]human|non-?randomi[sz]ed|uncontrolled trial|proof[- ]of[- ]concept (?:trial|study)|feasibility (?:trial|study)|single[- ]ascending|pharmacokinetics? (?:of|and|study)"),
    ("trial", 5, 5, r"(?:pharmacokinetics?|bioavailability|drug-drug interactions?)[^.]{0,120}healthy (?:adults|subjects|volunteers|participants|men|males)|phase (?:1|i) studies of"),
    ("trial", 5, 2.5, r"clinical trial|pilot (?:trial|clinical)|intervention study|pre-?post|before[- ]and[- ]after|quasi-experimental|controlled trial|therapeutic trial|prospective (?:trial|interventional)|extension (?:study|trial|phase)|feasibility and|preliminary (?:trial|efficacy)|open trial|open study|healthy volunteers|bioequivalence"),
    ("trial", 2, 0.8, r"pilot study"),
    ("trial", 3, 0, r"(?:effects?|efficacy|feasibility|benefits?) of (?:[\w,-]+ ){0,4}?(?:training|exercises?|rehabilitation|stimulation|interventions?|program(?:me)?s?|yoga|pilates|massage|supplementation|diet|counsell?ing)\b"),
    ("trial", 0, 3, r"(?:intervention|training|exercise|experimental|rehabilitation) group|(?:before and after|pre-? ?(?:and|to|/) ?post-?) ?(?:the )?(?:training|intervention|rehabilitation|exercise|program|test)\w*|weeks? of (?:training|intervention|exercise|rehabilitation)|(?:training|exercise|rehabilitation) sessions"),
    ("observational", 6, 3.2, r"cohort|case[- ]control|cross[- ]sectional|registr(?:y|ies)|population[- ]based|retrospective(?:ly)?|nationwide|real[- ]world|longitudinal (?:study|cohort|data|analysis|assessment|investigation)|survey(?:ed|s)?|questionnaires?|observational|chart review|medical records|claims (?:data|database)|follow-up study|qualitative (?:study|analysis|interview)|interviews?|focus groups?|psychometric|validation of|diagnostic accuracy"),
    ("observational", 4.5, 0.8, r"prevalence|incidence|epidemiolog\w*|risk factors?|predictors?|comparison of|patients with|among|experience|natural history|outcomes? (?:of|in|after)|effectiveness|comparative"),
    ("observational", 0, 2.4, r"logistic regression|cox (?:regression|proportional|model)|hazard ratios?|odds ratios?|multivaria(?:te|ble)|(?:healthy|matched|age-matched) (?:controls?|subjects|individuals|volunteers|participants)|healthy control|consecutive (?:patients|cases|series)|we (?:retrospectively|prospectively|analy[sz]ed (?:data|the data|records)|included|enrolled|recruited|studied|identified|surveyed|interviewed|followed)|(?:patients|participants|subjects|individuals|controls|women|men|children|people|adults|cases|students|respondents|eyes) (?:were|was) (?:included|enrolled|recruited|examined|analy[sz]ed|assessed|evaluated|studied|identified|followed|tested|compared|scanned|investigated|reviewed|interviewed|surveyed|selected|asked|classified)|median (?:age|follow-up|time|onset)|mean age|followed(?:-| )up|respondents|data (?:were|from)|were obtained from|sensitivity (?:and|of)|roc curve|area under|medical centers?|total of \d+|sample of"),
    ("animal", 7, 1.5, rf"(?:{_ANIMAL})\b"),
    ("animal", 3.5, 2.5, rf"\b(?:{_ANIMAL}|animals) (?:were|was|received|treated|model|with|that|lacking|exhibit|show|display|injected|fed|subjected|underwent|had|deficient|after|exposed|given|in)|(?:adult|male|female|old|young|wild-type|wt|aged|neonatal|deficient|transgenic|mutant|null|treated|anesthetized|awake|tg|newborn|nude|pregnant|of|in|naive|control|dawley|wistar) (?:{_ANIMAL}|animals)\b|mouse models?|rat models?|animal models? of|in vivo (?:and|model|imaging)|experimental autoimmune enceph\w+|\beae\b|streptozotocin|middle cerebral artery occlusion|intraperitoneal(?:ly)?|i\.p\.|sacrificed|euthan\w+|experimental allergic|littermates"),
    ("animal", 3.5, 0, r"experimental (?:autoimmune |allergic )?enceph\w+|\beae\b|autoimmune encephalomyelitis|experimental (?:optic|autoimmune) neuritis"),
    ("lab", 10, 9, r"arabidopsis|seedlings?|cultivars?|chloroplasts?|photosynthe\w+|nicotiana|auxin|phytohormones?|(?:land|crop|vascular|higher|transgenic|\w+berry) plants|plant (?:immunity|traits|pathogens?|breeding)|inbred lines?|nitrogen fixation|angiosperms?|xylem|plant (?:growth|defen[cs]e|hormones?|development|roots?)|(?:rice|maize|wheat|barley|soybean|tomato|potato) (?:plants?|roots?|leaves|genome|seeds?|lines?|crops?)"),
    ("lab", 6.5, 3.2, r"in vitro|ex vivo|cell lines?|cultured|cell cultures?|organoids?"),
    ("lab", 3.5, 1.2, r"(?:neuroblastoma|glioma|glioblastoma|pc12|sh-sy5y|hela|hek ?293|u87|u251|bv-?2|c6|t98g|ipsc|microglial|astrocyte|endothelial|schwann|neural|neuronal|tumou?r|carcinoma) (?:\w+ )?cells?\b"),
    ("computational", 9, 7, r"in silico|molecular (?:dynamics|docking)|docking studies"),
    ("computational", 7, 2.5, r"computational (?:model|study|analysis|approach|prediction)|deep learning|machine learning|neural networks?|convolutional|open[- ]source (?:software|tool)|software (?:package|tool)|bioinformatics?|mendelian randomi[sz]ation|mathematical model\w*|automat(?:ed|ic) segmentation|support vector"),
    ("computational", 1, 3, r"we (?:propose|present|introduce|developed|develop) (?:a|an|the)?[ ]?(?:\w+[- ]){0,5}?(?:method|algorithm|framework|model|network|tool|software|pipeline|approach|architecture)|publicly available (?:datasets?|data)|dice (?:score|coefficient|similarity)|datasets?|github|gene expression omnibus|\bgeo\b"),
    ("editorial", 10, 4, r"^(?:re:|reply to|response to:|correspondence (?:to|on)|comment|commentary|editorial|letter|correction|corrigendum|erratum|retraction|expression of concern|author(?:s'?|s’)? (?:response|reply|correction)|publisher correction|in memoriam|obituary|note of concern|invited commentary|viewpoint|withdrawn)\b"),
    ("editorial", 9, 9, r"this (?:invited )?(?:commentary|editorial|letter|correspondence|comment|viewpoint) (?:discuss|put|address|highlight|outline|consider|explore|argue|provide|summari[sz]|examine|reflect)\w*"),
    ("editorial", 14, 0, r"(?:[:.?!—–-] ?|^)(?:an? )?(?:invited |expert )?commentary\.?(?:$|\x00)|^an? (?:short )?(?:commentary|comment|editorial)\b|commentary letter"),
    ("editorial", 14, 0, r"letter to (?:the )?editor|editorial comment|commentary (?:on|to)|comments? on|in reply|authors?'? (?:reply|response)|erratum|corrigendum|retraction (?:note|notice|of)|correction to|correction:|invited commentary|viewpoint|: (?:a )?comment"),
    ("editorial", 14, 0, r"(?m)^.*[–—-] ?(?:no|yes|commentary)\.?(?:$|\x00)"),
    ("editorial", 1, 3.5, r"(?:in|to) (?:their|this|the) (?:recent )?(?:article|letter|commentary|editorial|paper) (?:entitled|by|published|in)|we read (?:with|the)|this (?:letter|commentary|editorial|viewpoint|erratum|corrects|article has been (?:retracted|corrected|withdrawn))|dear editor|the (?:original|published) (?:article|version)"),
)  # fmt: skip

RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(f"design:{design}:{crc32(pattern.encode()):08x}", design, title, text, _bounded(pattern))
        for design, title, text, pattern in _RULES
    )
}
"""Named by their words, since the learned model has a weight for each: a changed rule loses it until it is learned anew."""

_PEOPLE_WORDS = (
    r"(?:people|patients?|adults|women|men|children|volunteers|participants|subjects|veterans|students|infants|babies)"
)
_MANY = r"(?:\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty)"
LINK = r"(?:linked to|associated with|tied to|risk of|more likely|less likely|(?:higher|lower|greater) (?:risk|odds|rates?))"
_NEWS = (
    ("news", 9.5, 0, r"fda|ema|nice|approv(?:es|ed|al)|recalls?|launch(?:es|ed)?|award(?:s|ed)?|lawsuit|expands? use|wins?|rejects?"),
    ("animal", 9, 6.3, r"(?:in|of|on|using|with|from|to) (?:\w+ ){0,3}(?:mice|mouse|rats|monkeys|zebrafish|animals)\b|mouse (?:model|study)|animal (?:study|studies|model)|(?:laboratory|lab) (?:mice|rats)"),
    ("animal", 8.5, 4.5, r"(?:mice|rats|monkeys|zebrafish) (?:with|given|that|which|lacking|were|whose|fed|treated|bred|had|got|walked|lived|showed)\b"),
    ("systematic-review", 8.5, 6, r"meta-analysis|systematic review|reviewed (?:\d+|dozens of|\w+) (?:studies|trials)|cochrane|(?:pooled|pooling|combined) (?:data|results) (?:from|of) \w+ (?:studies|trials)|review of \d[\d,]* (?:\w+ )?(?:studies|trials|papers)|(?:analy[sz]ed|pooled|combined) (?:the )?(?:data|results)? ?(?:from |of )?\d+ (?:\w+ )?(?:studies|trials)"),
    ("guideline", 8.2, 5.7, r"new guidelines?|guidelines? (?:recommend|issued|released|published)|updated guidelines?"),
    ("guideline", 8.2, 0, r"^(?:new|updated) (?:[\w-]+ ){1,4}guidelines?\b"),
    ("randomized-trial", 8, 8, r"(?:randomly|at random) (?:assigned|allocated|selected to|given|chosen|placed|split|divided|sorted|picked)|randomi[sz]ed|double-blind|control group (?:received|got|did|who)|comparison group (?:received|got|was given|took)|at random|by lottery|by lot\b|flip of a coin|coin (?:toss|flip)"),
    ("randomized-trial", 8, 8, r"placebos?(?:$|[^\w ]| (?:[a-df-qs-z]|e[^f]|r[^e]|recei|recip)\w*)|sham|dummy (?:pill|treatment|injection)s?"),
    ("randomized-trial", 6.5, 6.5, r"other half (?:got|received|was|were|took|ate|drank|did)\b"),
    ("lab", 6.5, 4.5, r"(?:blood|brain|skin|immune|cancer|nerve|human) cells (?:taken|from|in (?:the|a) (?:lab|dish))|stem cells in (?:the|a) (?:lab|dish)|in the lab\b|in (?:a )?(?:lab |petri )?dish|test[- ]tube|cell cultures?|in vitro|lab-grown|lab (?:specimens|experiments)|tested (?:them |it |each )?on (?:the )?(?:bacteria|cells|viruses)"),
    ("trial", 6, 4.2, r"clinical trial (?:results|showing|of|involving|with|published|participants|led)|(?:in|the|this|small|early|pilot|new|first|a|our) (?:[\w-]+ ){0,2}(?:clinical )?trials?\b"),
    ("trial", 6.2, 6.2, r"phase (?:1|2|3|4|i|ii|iii|iv|one|two|three)[ab]?[\"'”’)]* (?:[\w-]+ ){0,3}(?:trials?|stud(?:y|ies)|results)"),
    ("trial", 5, 4.4, rf"experiments? (?:with|in|on|involving) (?:\w+ ){{0,2}}{_MANY} (?:[\w-]+ ){{0,2}}{_PEOPLE_WORDS}|{_MANY} (?:[\w-]+ ){{0,3}}{_PEOPLE_WORDS} (?:[\w/-]+ ){{0,3}}?(?:were (?:given|injected|fed|implanted|infused)|ate|drank|swallowed|got (?:the|an?)|received (?:the|an?)|took (?:the|an? \w+ (?:pill|drug|dose|capsule|tablet|supplement)))|(?:was|were) given to {_MANY}|(?:treated|injected|implanted|infused|fed) (?:\w+ ){{0,6}}?(?:in|into|of)? ?{_MANY} (?:[\w-]+ ){{0,2}}{_PEOPLE_WORDS}|tested (?:[\w-]+ ){{0,4}}(?:in|on) {_MANY} (?:[\w-]+ ){{0,2}}{_PEOPLE_WORDS}|participants (?:swallowed|took|drank|ate) |safe in {_MANY} (?:[\w-]+ ){{0,2}}{_PEOPLE_WORDS}|(?:doctors|surgeons) implanted"),
    ("case-report", 5.5, 3.9, r"(?:case report|case study|the two (?:men|women|patients)|world's first (?:[\w-]+ ){0,2}(?:patient|person|man|woman|recipient)|(?:the|a|one|two) (?:man|woman|patient|men|patients) (?:got|regained|walked|walk|became))|(?:two|three) (?:sisters|brothers|twins|siblings)|(?:two|three|four|five) examples of patients|\d{1,2}-year-old (?:man|woman|boy|girl|patient) (?:\w+[ -]){0,4}?(?:recovered|regained|developed|was cured|walks?|died)|doctors (?:[\w-]+ ){0,3}treated (?:two|three|four|2|3|4) (?:\w+ )?(?:patients|people|men|women|children)"),
    ("review", 5, 0, r"^review:"),
    ("trial", 5, 4.6, r"\w+-(?:week|month|year|day) (?:[\w-]+ )?trial\b"),
    ("observational", 3.6, 2.6, r"report (?:\w+ )?(?:investigators|researchers)|(?:researchers|scientists|investigators|team) (?:\w+ ){0,4}(?:found|analy[sz]ed|looked at|examined|followed|tracked|studied|compared|surveyed|reviewed|identified|used data|collected|asked|scanned|interviewed|measured)|study (?:\w+ ){0,2}(?:found|finds|shows|showed|suggests|included|involved|followed|looked|tracked|reports?|of \d|has (?:found|revealed))|(?:people|patients|adults|women|men|children) (?:in the study|who took part)|the (?:new )?study,? (?:led|published|which|was|appears|involving)|(?:study|research|findings|results|paper|report),? (?:\w+ ){0,3}published (?:\w+ )?in (?:the )?(?:[\w-]+ )?(?:journal|scientific reports)"),
    ("observational", 3.6, 2.2, LINK),
    ("observational", 2.6, 1.5, r"(?:study|analysis|survey) (?:\w+ ){0,3}(?:hints?|suggests?|shows?|finds?|found|says?|indicates?|reveals?|links?)\b|: (?:[\w.]+ )?(?:study|survey)(?:$|\x00)"),
    ("observational", 3.6, 2.2, rf"survey of (?:[\w,-]+ ){{0,4}}(?:{_PEOPLE_WORDS}|doctors|nurses|\w*ologists)|surveyed|according to (?:an?|the|new|this)? ?(?:[\w-]+ ){{0,2}}(?:study|research|survey|analysis)|(?:a|the|new|french|british|swedish|danish|large|small|register|twin) study (?:of|in the|in|by)\b|stud(?:y|ies) (?:was |were )?presented at|questionnaires|(?:interviews with|interviewed) {_MANY}|{_MANY} (?:[\w/-]+ ){{0,6}}?(?:took part|were (?:asked|interviewed|followed|scanned|surveyed|studied|tested|examined))|(?:half|most|a third|a quarter|{_MANY}) of (?:the )?(?:more than )?{_MANY} (?:[\w-]+ ){{0,2}}{_PEOPLE_WORDS}|(?:samples|scans) (?:from|of) {_MANY}|sample of \d"),
)  # fmt: skip

NEWS_RULES: Mapping[str, Rule] = {
    f"news:{number}": Rule(f"news:{number}", design, early, late, rf"\b(?:{pattern})")
    for number, (design, early, late, pattern) in enumerate(_NEWS)
}
"""How a story speaks of the study it reports: points where it does so early, and late."""

TELLING: Mapping[str, str] = {
    "systematic-review": r"review\w*|search\w*|databases?|studies|trials|pooled|included",
    "guideline": r"guid\w+|recommend\w*|consensus|experts?|should",
    "protocol": r"protocol|planned|aims?|recruit\w*",
    "case-report": r"cases?|patient|wom[ae]n|female|male|girl|child|infant|year-old|present(?:ed|ing)|admitted|diagnosed|unusual|unique|fourth|report(?:ed)?|described",
    "review": r"review\w*|overview|recent(?:ly)?|current(?:ly)?|advances|evidence|literature|research|studies|trials|knowledge|understanding|strateg(?:y|ies)|approach(?:es)?|aspects?|implications?|perspectives?"
    r"|concepts?|mechanisms?|recogni\w+|spectrum|article|discuss\w*|summari\w*|focus\w*|challenges?|emerging|future|should",
    "randomized-trial": r"random\w*|placebo|trials?|intervention\w*|groups?|allocated|assigned",
    "trial": r"treat(?:ed|ing|ments?)|therap(?:y|ies)|intervention\w*|training|exercises?|rehabilitation|surgery|surgical|postoperative|dos(?:es|age|ing)|infusions?|administ\w+|received|efficacy|safety|tolera\w+"
    r"|effects?|response|benefits?|improve\w*|shunt|stimulation|transplant\w*",
    "observational": r"patients?|participants?|subjects|respondents|healthy|controls?|cases|cohorts?|population\w*|people|individuals|adults|children|wom[ae]n|adolescents|students|physicians|workers|family|families"
    r"|health(?:-related|care)?|associat\w+|correlat\w+|relationships?|prevalen\w+|inciden\w+|frequency|epidemiolog\w+|predict\w+|outcomes?|follow-up|surveys?|questionnaires?|interviews?|regression"
    r"|mortality|self-report\w*|perceptions?|attitudes?|investigate[ds]?|clinical(?:ly)?|diagnos\w+|pandemic",
    "animal": r"animals?|mouse|models?|zebrafish|\w*transgenic|injected|lesioned",
    "lab": r"cells?|cellular|cultur\w+|fibroblasts|neurons|bacteria\w*|strains?|proteins?|enzymes?|receptors?|assays?|vitro|expression|proliferation|mutants?|synthesis|binding",
}
"""Words that show a design where the learned model chose it: a choice that none of them stands for is no label."""
