// The same from C++: handles that free themselves, errors as exceptions, a text through the feed's own columns.
//
//   c++ -std=c++17 host.cc $(pkg-config --cflags --libs entente) -o host && ./host first.entc < ticket.csv
#include <entente.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

using program = std::unique_ptr<ent_program, decltype(&ent_program_release)>;
using session = std::unique_ptr<ent_session, decltype(&ent_session_free)>;

static void check(bool ok, const ent_error &error)
{
    if (!ok) {
        throw std::runtime_error(error.message);
    }
}

static bool on_decision(void *user, const ent_decision *d)
{
    ++*static_cast<int *>(user);
    std::cout << d->agreement << "." << d->clause << (d->n_subject ? std::string(" ") + d->subject[0].value : "")
              << (d->status == ENT_STATUS_BREACH ? ": breach" : ": no breach") << (d->measure ? ", " : "")
              << (d->measure ? d->measure : "") << "\n";
    return true;
}

static std::string all_of(std::istream &in)
{
    return {std::istreambuf_iterator<char>(in), {}};
}

int main(int argc, char **argv)
try {
    ent_error error{};
    ent_program *p = nullptr;
    ent_session *s = nullptr;
    int decisions = 0;
    std::ifstream file(argc > 1 ? argv[1] : "", std::ios::binary);
    const std::string bytes = all_of(file), facts = all_of(std::cin);

    check(ent_program_load(bytes.data(), bytes.size(), nullptr, &p, &error), error);
    program club(p, ent_program_release);
    ent_session_options options{};
    options.on_decision = on_decision;
    options.user = &decisions;
    check(ent_session_new(p, &options, &s, &error), error);
    session year(s, ent_session_free);
    check(ent_session_push_text(s, "ticket", "csv", facts.data(), facts.size(), &error), error);
    check(ent_session_finish(s, &error), error);
    std::cout << decisions << " decisions\n";
} catch (const std::exception &e) {
    std::cerr << "error: " << e.what() << "\n";
    return 1;
}
