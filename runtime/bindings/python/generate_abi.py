"""Writes entente/_abi.py from the C header, so that the two cannot differ: `generate_abi.py entente.h > _abi.py`.

It understands the header's own plain style: enumerations, structs of scalars, pointers, arrays and pointers to functions,
and functions marked ENT_API.
"""
import re
import sys

SCALARS = {
    "bool": "c_bool", "int": "c_int", "size_t": "c_size_t", "double": "c_double",
    "int64_t": "c_int64", "uint64_t": "c_uint64", "uint32_t": "c_uint32", "uint8_t": "c_uint8",
}
HEAD = '''"""The C interface as ctypes declarations.  Made from entente.h by generate_abi.py: not to be edited."""
from ctypes import (CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_int, c_int64, c_size_t,
                    c_uint8, c_uint32, c_uint64, c_void_p)
from enum import IntEnum
from typing import Any, Dict, List, Tuple
'''


class Header:
    def __init__(self, text):
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        self.version = re.search(r'ENT_VERSION_TEXT "([^"]+)"', text).group(1)
        text = re.sub(r"^#.*?(?<!\\)$", "", text, flags=re.M)
        self.enums = re.findall(r"typedef enum (\w+) \{(.*?)\} \1;", text, flags=re.S)
        self.structs = re.findall(r"^(?:typedef )?struct (\w+) \{(.*?)^\}(?: \1)?;", text, flags=re.S | re.M)
        self.functions = re.findall(r"ENT_API ([^;(]*?)(\w+)\(([^;]*?)\);", text, flags=re.S)
        self.enum_names = {name for name, _ in self.enums}
        self.struct_names = {name for name, _ in self.structs}

    def of_type(self, c_type, stars):
        """The ctypes type of `c_type` behind so many pointers."""
        words = [w for w in c_type.split() if w not in ("const", "struct")]
        word = words[0] if words else ""
        if stars == 0:
            if word == "void":
                return "None"
            return "c_int" if word in self.enum_names else SCALARS.get(word, word)
        if word == "char":
            inner, stars = "c_char_p", stars - 1
        elif word in self.struct_names:
            inner = word
        else:  # void, and what only the library knows
            inner, stars = "c_void_p", stars - 1
        return "POINTER(" * stars + inner + ")" * stars

    def parameter(self, text):
        match = re.match(r"(.*?)(\**)\s*(\w*)$", text.strip().replace("* const", "*").replace("*const", "*"), re.S)
        c_type, stars, name = match.groups()
        if not c_type.strip():
            c_type, name = name, ""
        return self.of_type(c_type, c_type.count("*") + len(stars))

    def signature(self, result, parameters):
        of_result = self.parameter(result.strip() + " result")
        inputs = [] if parameters.strip() == "void" else [self.parameter(p) for p in parameters.split(",")]
        return of_result, inputs

    def members(self, body):
        """(name, type) of each member; texts with a length of their own are bare addresses, for they may not end."""
        lengths = set(re.findall(r"(\w+)_len\b", body))
        for statement in (s.strip() for s in body.split(";")):
            if not statement:
                continue
            pointer = re.match(r"(.*?)\(\*(\w+)\)\((.*)\)$", statement, re.S)
            if pointer:
                result, inputs = self.signature(pointer.group(1), pointer.group(3))
                yield pointer.group(2), f"CFUNCTYPE({', '.join([result] + inputs)})"
                continue
            plain = statement.replace("*const", "*")
            first, *others = plain.split(",")
            base, stars, name = re.match(r"(.*?)(\**)(\w+(?:\[\w+\])?)$", first.strip(), re.S).groups()
            declarators = [(stars, name)] + [re.match(r"(\**)(.*)$", d.strip()).groups() for d in others]
            for stars, name in declarators:
                array = re.match(r"(\w+)\[(\d+)\]$", name)
                of = self.of_type(base.replace("*", ""), base.count("*") + len(stars))
                if array:
                    yield array.group(1), f"c_char * {array.group(2)}"
                else:
                    yield name, "c_void_p" if of == "c_char_p" and name in lengths else of


def class_name(c_name):
    return "".join(part.capitalize() for part in c_name.removeprefix("ent_").split("_"))


def write_enum(name, body):
    print(f"\n\nclass {class_name(name)}(IntEnum):")
    entries = [e.split("=") for e in body.split(",") if e.strip()]
    names = [e[0].strip() for e in entries]
    prefix = re.match(r"(?:[A-Z0-9]+_)*", names[-1]).group(0)
    while not all(n.startswith(prefix) for n in names if n != "ENT_OK"):
        prefix = prefix[:prefix.rstrip("_").rfind("_") + 1]
    value = -1
    for entry in entries:
        value = int(entry[1]) if len(entry) > 1 else value + 1
        short = entry[0].strip().removeprefix(prefix).removeprefix("ENT_")
        if short != "COUNT":
            print(f"    {short} = {value}")


def main():
    header = Header(open(sys.argv[1], encoding="utf-8").read())
    print(HEAD)
    print(f'VERSION = "{header.version}"')
    for name, body in header.enums:
        write_enum(name, body)
    for name, _ in header.structs:
        print(f"\n\nclass {name}(Structure):\n    pass")
    print("\n")
    for name, body in header.structs:
        print(f"{name}._fields_ = [")
        for member, of in header.members(body):
            print(f'    ("{member}", {of}),')
        print("]")
    print("\nFUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {")
    for result, name, parameters in header.functions:
        of_result, inputs = header.signature(result, parameters)
        print(f'    "{name}": ({of_result}, [{", ".join(inputs)}]),')
    print("}")


if __name__ == "__main__":
    main()
