"""The words of the Core Business Vocabulary 2.0 that stand bare in JSON, and the URIs that they are short for.

GS1 CBV 2.0, "Standard vocabularies"; the JSON-LD context of EPCIS 2.0.0 for the URIs.
"""

from collections.abc import Mapping

NAMESPACE = "https://tagwright.org/ns/epcis/"  # of our own extension fields
PREFIX = "tagwright"
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
KNOWN_PREFIXES = {  # that GS1's context defines
    "epcis": "https://ref.gs1.org/epcis/",
    "cbv": "https://ref.gs1.org/cbv/",
    "gs1": "https://gs1.org/voc/",
    "cbvmda": "urn:epcglobal:cbv:mda:",
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BIZ_STEPS = _words(
    """accepting arriving assembling collecting commissioning consigning creating_class_instance
    cycle_counting decommissioning departing destroying disassembling dispensing encoding entering_exiting
    holding inspecting installing killing loading other packing picking receiving removing repackaging
    repairing replacing reserving retail_selling shipping staging_outbound stock_taking stocking storing
    transporting unloading unpacking void_shipping sensor_reporting sampling"""
)
DISPOSITIONS = _words(
    """active container_closed damaged destroyed dispensed disposed encoded expired in_progress in_transit
    inactive no_pedigree_match non_sellable_other partially_dispensed recalled reserved retail_sold returned
    sellable_accessible sellable_not_accessible stolen unknown available completeness_verified
    completeness_inferred conformant container_open mismatch_instance mismatch_class mismatch_quantity
    needs_replacement non_conformant unavailable"""
)
BIZ_TRANSACTION_TYPES = _words(
    "bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt"
)
SOURCE_DEST_TYPES = frozenset(("owning_party", "possessing_party", "location"))
ERROR_REASONS = frozenset(("did_not_occur", "incorrect_data"))
MEASUREMENTS = _words(
    """AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Radioactivity Altitude AmountOfSubstance
    AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance
    Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity
    ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy Exposure Force Frequency
    Illuminance Inductance Irradiance KinematicViscosity Length LinearMomentum Luminance LuminousFlux
    LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass MassConcentration
    MassFlowRate MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power
    Pressure RadiantFlux RadiantIntensity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume
    Speed SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction
    VolumetricFlux Wavenumber"""
)
ALERTS = frozenset(("ALARM_CONDITION", "ERROR_CONDITION"))
COMPONENTS = _words(
    """x y z axial_distance azimuth height spherical_radius polar_angle elevation_angle easting northing
    latitude longitude altitude"""
)

EVENT_TYPES = (
    *("ObjectEvent", "AggregationEvent", "TransactionEvent"),
    *("TransformationEvent", "AssociationEvent"),
)
ACTIONS = ("ADD", "OBSERVE", "DELETE")


def _uris(start: str, words: frozenset[str]) -> dict[str, str]:
    return {word: start + word for word in words}


_BIZ_STEP_URIS = _uris("https://ref.gs1.org/cbv/BizStep-", BIZ_STEPS)
_DISPOSITION_URIS = _uris("https://ref.gs1.org/cbv/Disp-", DISPOSITIONS)
BIZ_TRANSACTION_URIS = _uris("https://ref.gs1.org/cbv/BTT-", BIZ_TRANSACTION_TYPES)
SOURCE_DEST_URIS = _uris("https://ref.gs1.org/cbv/SDT-", SOURCE_DEST_TYPES)
MEASUREMENT_URIS = _uris("https://gs1.org/voc/", MEASUREMENTS)

URIS: Mapping[str, Mapping[str, str]] = {  # field of an event -> bare word -> URI
    "bizStep": _BIZ_STEP_URIS,
    "disposition": _DISPOSITION_URIS,
    "set": _DISPOSITION_URIS,
    "unset": _DISPOSITION_URIS,
    "exception": _uris("https://gs1.org/voc/", ALERTS),
    "component": _uris("https://ref.gs1.org/cbv/Comp-", COMPONENTS),
}

_CURIE = "cbv:"  # as https://ref.gs1.org/cbv/ is abbreviated in GS1's context
_URNS = {
    "urn:epcglobal:cbv:bizstep:": "https://ref.gs1.org/cbv/BizStep-",
    "urn:epcglobal:cbv:disp:": "https://ref.gs1.org/cbv/Disp-",
    "urn:epcglobal:cbv:btt:": "https://ref.gs1.org/cbv/BTT-",
    "urn:epcglobal:cbv:sdt:": "https://ref.gs1.org/cbv/SDT-",
    "urn:epcglobal:cbv:er:": "https://ref.gs1.org/cbv/ER-",
}


def web_term(text: str) -> str:
    """The web URI of a CBV term that is spelled as a URN of EPCIS 1.x; every other text as it is."""
    if text.startswith("urn:epcglobal:cbv:"):
        for urn, uri in _URNS.items():
            if text.startswith(urn):
                return uri + text[len(urn) :]
    return text


def bare(field: str, text: str) -> str:
    """The bare word of a CBV term in `field` ("bizStep", ...), however it is spelled; another URI as it is."""
    uri = web_term(text)
    if uri.startswith(_CURIE):
        uri = KNOWN_PREFIXES["cbv"] + uri[len(_CURIE) :]
    start, _, word = uri.rpartition("-")
    return word if URIS[field].get(word) == f"{start}-{word}" else uri
