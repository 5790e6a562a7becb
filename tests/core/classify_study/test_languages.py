"""What counts as English: titles, lists of names and registry fields do; other languages do not."""

import pytest

from alerts.classify.reading import is_english

ENGLISH = [
    (
        "Combined Light Chain Assay Plus Optical Tomography Better Predicts Disease Activity Than Either Measure Alone"
        " PMID:12345678 | DOI:10.1000/abcdefgh.2021.000000001 Neurology Reports Online First Edition"
    ),
    (
        "Phase III: Velumab In Gout Treatment EudraCT Number: 2017-000638-75 Sponsor Protocol Number: VEL1101-301 Sponsor"
        " Name: Velumab Therapeutics Start Date: 2017-09-12 Medical condition: Gout Disease: Version SOC Term Code Level"
    ),
    (
        "At-Home Gait Assessment Condition : Gout Intervention : Device: Sensor Sponsors : Hospital Clínic Recruiting"
        " Conditions : Gout; Arthritis; Pain; Walking Sponsor : Velumab Research Institute Completed Observational"
    ),
]
FOREIGN = [
    (
        "Ensayo de fase III, multicéntrico, aleatorizado, en doble ciego, controlado con placebo y de grupos paralelos,"
        " para evaluar la eficacia de velumab en pacientes con gota"
    ),
    (
        "Gicht bei Kindern und Jugendlichen: Die Behandlung mit Velumab ist nach einer Studie der Universität wirksam und"
        " sicher, auch wenn die Zahl der Patienten klein war"
    ),
    (
        "A hazai köszvényes betegpopuláció életkori és nemi megoszlása 2004 és 2016 között Összefoglaló Bevezetés Mivel"
        " hazánkban a köszvény gyakoriságáról kevés adat áll rendelkezésre célunk volt"
    ),
    (
        "Penelitian ini bertujuan untuk mengetahui hubungan antara kadar vitamin dengan kejadian penyakit pada anak yang"
        " dirawat di rumah sakit umum dan di klinik kota selama tahun pertama"
    ),
]


@pytest.mark.parametrize("text", ENGLISH)
def test_names_and_titles_are_read_as_english(text: str) -> None:
    assert is_english(text)


@pytest.mark.parametrize("text", FOREIGN)
def test_other_languages_are_not(text: str) -> None:
    assert not is_english(text)
