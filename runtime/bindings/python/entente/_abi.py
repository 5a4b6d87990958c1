"""The C interface as ctypes declarations.  Made from entente.h by generate_abi.py: not to be edited."""
from ctypes import (CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_int, c_int64, c_size_t,
                    c_uint8, c_uint32, c_uint64, c_void_p)
from enum import IntEnum
from typing import Any, Dict, List, Tuple

VERSION = "0.1.0"


class ErrorCode(IntEnum):
    OK = 0
    USAGE = 1
    PROGRAM = 2
    DATA = 3
    ENVIRONMENT = 4
    MEMORY = 5
    STOPPED = 6
    LIMIT = 7


class FieldType(IntEnum):
    BOOL = 1
    INT = 2
    NUMBER = 3
    DECIMAL = 4
    RATIO = 5
    MONEY = 6
    DURATION = 7
    INSTANT = 8
    TIME = 9
    TEXT = 10
    ENUM = 11
    PARTY = 12
    SERVICE = 13


class PartyKind(IntEnum):
    CLIENT = 0
    INTEGRATOR = 1
    PROVIDER = 2
    NOBODY = 3


class ClauseKind(IntEnum):
    OBJECTIVE = 0
    DUTY = 1
    POOL = 2


class AgreementType(IntEnum):
    SLA = 0
    OLA = 1
    FRAMEWORK = 2


class Status(IntEnum):
    MET = 0
    BREACH = 1
    EXCUSED = 2
    VOID = 3
    PROVISIONAL = 4
    NO_DATA = 5
    NOT_IN_FORCE = 6


class NoticeKind(IntEnum):
    WARNING = 0
    RUN_OUT = 1


class LedgerMode(IntEnum):
    LIVE = 0
    WHOLE = 1


class ColumnType(IntEnum):
    BOOL = 1
    INT64 = 2
    DOUBLE = 3
    DECIMAL = 4
    INSTANT = 5
    DURATION = 6
    TEXT = 7
    UTF8 = 8
    LARGE_UTF8 = 9
    ABSENT = 10


class BudgetKind(IntEnum):
    NONE = 0
    SAMPLES = 1
    SECONDS = 2
    MEASURE = 3


class ent_error(Structure):
    pass


class ent_allocator(Structure):
    pass


class ent_load_options(Structure):
    pass


class ent_feed_field(Structure):
    pass


class ent_feed_info(Structure):
    pass


class ent_party_info(Structure):
    pass


class ent_service_info(Structure):
    pass


class ent_clause_info(Structure):
    pass


class ent_agreement_info(Structure):
    pass


class ent_subject_field(Structure):
    pass


class ent_decision_counts(Structure):
    pass


class ent_responsible(Structure):
    pass


class ent_pool_share(Structure):
    pass


class ent_decision(Structure):
    pass


class ent_notice(Structure):
    pass


class ent_refused_row(Structure):
    pass


class ent_session_options(Structure):
    pass


class ent_column(Structure):
    pass


class ArrowSchema(Structure):
    pass


class ArrowArray(Structure):
    pass


class ent_clause_standing(Structure):
    pass


class ent_listener(Structure):
    pass


class ent_row_counts(Structure):
    pass


class ent_usage(Structure):
    pass


class ent_writer(Structure):
    pass


class ent_reader(Structure):
    pass


ent_error._fields_ = [
    ("code", c_int),
    ("line", c_uint32),
    ("column", c_uint32),
    ("length", c_uint32),
    ("row", c_uint64),
    ("field", c_char * 128),
    ("file", c_char * 256),
    ("message", c_char * 512),
]
ent_allocator._fields_ = [
    ("resize", CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t, c_size_t)),
    ("user", c_void_p),
]
ent_load_options._fields_ = [
    ("size", c_size_t),
    ("allocator", ent_allocator),
    ("memory_max", c_uint64),
    ("allow_libraries", POINTER(c_char_p)),
]
ent_feed_field._fields_ = [
    ("name", c_char_p),
    ("type", c_int),
    ("digits", c_int),
    ("currency", c_char_p),
    ("words", POINTER(c_char_p)),
    ("n_words", c_size_t),
    ("used", c_bool),
    ("key", c_bool),
    ("holder", c_bool),
    ("recorded", c_bool),
]
ent_feed_info._fields_ = [
    ("name", c_char_p),
    ("fields", POINTER(ent_feed_field)),
    ("n_fields", c_size_t),
    ("used", c_bool),
    ("interval_ns", c_int64),
    ("lateness_ns", c_int64),
    ("bound", c_bool),
]
ent_party_info._fields_ = [
    ("name", c_char_p),
    ("title", c_char_p),
    ("kind", c_int),
]
ent_service_info._fields_ = [
    ("name", c_char_p),
    ("title", c_char_p),
    ("provider", c_char_p),
    ("depends_on", POINTER(c_char_p)),
    ("n_depends_on", c_size_t),
]
ent_clause_info._fields_ = [
    ("kind", c_int),
    ("name", c_char_p),
    ("title", c_char_p),
    ("target", c_char_p),
    ("file", c_char_p),
    ("line", c_int64),
    ("column", c_int64),
]
ent_agreement_info._fields_ = [
    ("type", c_int),
    ("name", c_char_p),
    ("title", c_char_p),
    ("version", c_int64),
    ("supplier", c_char_p),
    ("customer", c_char_p),
    ("currency", c_char_p),
    ("clauses", POINTER(ent_clause_info)),
    ("n_clauses", c_size_t),
    ("needs_signatures", c_bool),
]
ent_subject_field._fields_ = [
    ("name", c_char_p),
    ("value", c_char_p),
]
ent_decision_counts._fields_ = [
    ("samples", c_int64),
    ("bad", c_int64),
    ("missing", c_int64),
    ("absent", c_int64),
    ("excluded", c_int64),
    ("late", c_int64),
]
ent_responsible._fields_ = [
    ("party", c_char_p),
    ("share", c_char_p),
    ("degree", c_char_p),
    ("but_for", c_bool),
    ("held", c_char_p),
    ("excess", c_char_p),
    ("amount", c_char_p),
    ("without", c_char_p),
    ("standard_error", c_char_p),
]
ent_pool_share._fields_ = [
    ("party", c_char_p),
    ("paid_in", c_char_p),
    ("paid_out", c_char_p),
    ("amount", c_char_p),
]
ent_decision._fields_ = [
    ("seq", c_int64),
    ("kind", c_int),
    ("status", c_int),
    ("final", c_bool),
    ("open", c_bool),
    ("agreement", c_char_p),
    ("version", c_int64),
    ("clause", c_char_p),
    ("title", c_char_p),
    ("subject", POINTER(ent_subject_field)),
    ("n_subject", c_size_t),
    ("has_window", c_bool),
    ("has_clock", c_bool),
    ("has_due", c_bool),
    ("has_done", c_bool),
    ("from_ns", c_int64),
    ("to_ns", c_int64),
    ("at_ns", c_int64),
    ("due_ns", c_int64),
    ("done_ns", c_int64),
    ("elapsed_ns", c_int64),
    ("allowed_ns", c_int64),
    ("measure", c_char_p),
    ("measure_exact", c_char_p),
    ("target", c_char_p),
    ("shortfall", c_char_p),
    ("expected_level", c_char_p),
    ("has_expected", c_bool),
    ("expected_met", c_bool),
    ("has_counts", c_bool),
    ("counts", ent_decision_counts),
    ("budget_left", c_char_p),
    ("burn_rate", c_char_p),
    ("credit_amount", c_char_p),
    ("credit_currency", c_char_p),
    ("credit_rule", c_char_p),
    ("claim", c_char_p),
    ("claim_amount", c_char_p),
    ("claim_at_ns", c_int64),
    ("claim_until_ns", c_int64),
    ("pool_fund", c_char_p),
    ("accountable", c_char_p),
    ("accountable_to", c_char_p),
    ("responsible", POINTER(ent_responsible)),
    ("n_responsible", c_size_t),
    ("pool", POINTER(ent_pool_share)),
    ("n_pool", c_size_t),
    ("structural_gap", c_char_p),
    ("because", POINTER(c_char_p)),
    ("n_because", c_size_t),
    ("because_left_out", c_int64),
    ("file", c_char_p),
    ("line", c_int64),
    ("column", c_int64),
    ("prev", c_char_p),
    ("hash", c_char_p),
    ("ledger_line", c_void_p),
    ("ledger_line_len", c_size_t),
]
ent_notice._fields_ = [
    ("kind", c_int),
    ("at_ns", c_int64),
    ("due_ns", c_int64),
    ("agreement", c_char_p),
    ("version", c_int64),
    ("clause", c_char_p),
    ("subject", POINTER(ent_subject_field)),
    ("n_subject", c_size_t),
    ("line", c_void_p),
    ("line_len", c_size_t),
]
ent_refused_row._fields_ = [
    ("feed", c_char_p),
    ("row", c_uint64),
    ("line", c_uint64),
    ("column", c_uint32),
    ("name", c_char_p),
    ("cell", c_void_p),
    ("cell_len", c_size_t),
    ("text", c_void_p),
    ("text_len", c_size_t),
    ("expected", c_char_p),
]
ent_session_options._fields_ = [
    ("size", c_size_t),
    ("user", c_void_p),
    ("on_decision", CFUNCTYPE(c_bool, c_void_p, POINTER(ent_decision))),
    ("on_notice", CFUNCTYPE(c_bool, c_void_p, POINTER(ent_notice))),
    ("on_line", CFUNCTYPE(c_bool, c_void_p, c_char_p, c_size_t)),
    ("on_refused_row", CFUNCTYPE(c_bool, c_void_p, POINTER(ent_refused_row))),
    ("ledger", c_int),
    ("has_from", c_bool),
    ("has_to", c_bool),
    ("from_ns", c_int64),
    ("to_ns", c_int64),
    ("has_as_of", c_bool),
    ("as_of_ns", c_int64),
    ("zone_dir", c_char_p),
    ("batch_rows_max", c_uint32),
    ("signatures", c_void_p),
    ("signatures_len", c_size_t),
    ("keys", c_void_p),
    ("keys_len", c_size_t),
    ("assume_signed", c_bool),
    ("allocator", ent_allocator),
    ("memory_max", c_uint64),
    ("instructions_max", c_uint64),
    ("keys_max", c_uint64),
]
ent_column._fields_ = [
    ("name", c_char_p),
    ("type", c_int),
    ("scale", c_int),
    ("data", c_void_p),
    ("lengths", c_void_p),
    ("offsets", c_void_p),
    ("present", c_void_p),
]
ArrowSchema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_char_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", POINTER(POINTER(ArrowSchema))),
    ("dictionary", POINTER(ArrowSchema)),
    ("release", CFUNCTYPE(None, POINTER(ArrowSchema))),
    ("private_data", c_void_p),
]
ArrowArray._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", POINTER(POINTER(ArrowArray))),
    ("dictionary", POINTER(ArrowArray)),
    ("release", CFUNCTYPE(None, POINTER(ArrowArray))),
    ("private_data", c_void_p),
]
ent_clause_standing._fields_ = [
    ("decision", POINTER(ent_decision)),
    ("status", c_int),
    ("at_risk", c_bool),
    ("budget", c_int),
    ("budget_grows", c_bool),
    ("budget_allowed", c_char_p),
    ("budget_spent", c_char_p),
    ("budget_left", c_char_p),
    ("burn_rate", c_char_p),
    ("has_gone", c_bool),
    ("gone_ns", c_int64),
    ("left_ns", c_int64),
    ("holder", c_char_p),
    ("paused", c_bool),
]
ent_listener._fields_ = [
    ("tell", CFUNCTYPE(c_bool, c_void_p, POINTER(ent_clause_standing))),
    ("user", c_void_p),
]
ent_row_counts._fields_ = [
    ("rows", c_uint64),
    ("late", c_uint64),
    ("unknown", c_uint64),
    ("refused", c_uint64),
    ("skipped", c_uint64),
]
ent_usage._fields_ = [
    ("memory", c_uint64),
    ("memory_peak", c_uint64),
    ("instructions", c_uint64),
    ("keys", c_uint64),
]
ent_writer._fields_ = [
    ("write", CFUNCTYPE(c_bool, c_void_p, c_void_p, c_size_t)),
    ("user", c_void_p),
    ("error", POINTER(ent_error)),
]
ent_reader._fields_ = [
    ("read", CFUNCTYPE(c_bool, c_void_p, c_void_p, c_size_t)),
    ("user", c_void_p),
    ("options", POINTER(ent_session_options)),
]

FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {
    "ent_version": (c_char_p, []),
    "ent_version_number": (c_int, []),
    "ent_program_load": (c_bool, [c_void_p, c_size_t, POINTER(ent_load_options), POINTER(c_void_p), POINTER(ent_error)]),
    "ent_program_retain": (c_void_p, [c_void_p]),
    "ent_program_release": (None, [c_void_p]),
    "ent_program_digest": (c_char_p, [c_void_p]),
    "ent_bind": (c_bool, [c_void_p, c_char_p, c_void_p, c_char_p, POINTER(ent_error)]),
    "ent_function_new": (c_bool, [c_void_p, c_char_p, c_char_p, POINTER(c_void_p), POINTER(ent_error)]),
    "ent_function_free": (None, [c_void_p]),
    "ent_function_pointer": (c_void_p, [c_void_p]),
    "ent_function_error": (c_bool, [c_void_p, POINTER(ent_error)]),
    "ent_program_agreement": (POINTER(ent_agreement_info), [c_void_p, c_size_t]),
    "ent_program_feed": (POINTER(ent_feed_info), [c_void_p, c_size_t]),
    "ent_program_party": (POINTER(ent_party_info), [c_void_p, c_size_t]),
    "ent_program_service": (POINTER(ent_service_info), [c_void_p, c_size_t]),
    "ent_session_new": (c_bool, [c_void_p, POINTER(ent_session_options), POINTER(c_void_p), POINTER(ent_error)]),
    "ent_session_free": (None, [c_void_p]),
    "ent_session_push": (c_bool, [c_void_p, c_char_p, POINTER(ent_column), c_size_t, POINTER(ent_error)]),
    "ent_session_push_arrow": (c_bool, [c_void_p, c_char_p, POINTER(ArrowSchema), POINTER(ArrowArray), POINTER(ent_error)]),
    "ent_session_push_text": (c_bool, [c_void_p, c_char_p, c_char_p, c_char_p, c_size_t, POINTER(ent_error)]),
    "ent_session_advance": (c_bool, [c_void_p, c_int64, POINTER(ent_error)]),
    "ent_session_finish": (c_bool, [c_void_p, POINTER(ent_error)]),
    "ent_session_standing": (c_bool, [c_void_p, c_int64, POINTER(ent_listener), POINTER(ent_error)]),
    "ent_session_counts": (c_bool, [c_void_p, c_char_p, POINTER(ent_row_counts)]),
    "ent_session_usage": (None, [c_void_p, POINTER(ent_usage)]),
    "ent_session_period": (c_bool, [c_void_p, c_void_p, c_void_p]),
    "ent_session_save": (c_bool, [c_void_p, POINTER(ent_writer)]),
    "ent_session_restore": (c_bool, [c_void_p, POINTER(ent_reader), POINTER(c_void_p), POINTER(ent_error)]),
}
