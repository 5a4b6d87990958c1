/* The grammar of Entente.
 *
 * Pure, LALR(1) with exact lookahead correction, no conflicts.  Actions build nodes (build.c) and nothing
 * else.  `name` accepts every soft word, so that fields may be called `service` or `at`; words that must
 * be one of a few are identifiers checked in the actions, which can say what the choices are.
 * Errors are recovered from in lists only: declarations, headers, members, clauses, fields, bindings,
 * arms, steps.  Where parsing goes on is decided in tokens.c.
 * Tested by tests/unit/test_syntax.c, tests/golden/syntax/ and tests/fuzz/. */
%require "3.8"
%define api.pure full
%define api.prefix {ent_yy}
%define api.location.type {ent_span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {ent_parser *p}

%code requires {
#include "compiler/syntax/parser_internal.h"
}

%code provides {
int ent_yylex(ENT_YYSTYPE *value, ENT_YYLTYPE *where, ent_parser *p);
}

%code {
#define YYMAXDEPTH 20000

#define YYLLOC_DEFAULT(current, rhs, n)                                                            \
    do {                                                                                           \
        if (n) {                                                                                   \
            (current).file = YYRHSLOC(rhs, 1).file;                                                \
            (current).start = YYRHSLOC(rhs, 1).start;                                              \
            (current).end = YYRHSLOC(rhs, n).end;                                                  \
        } else {                                                                                   \
            (current) = YYRHSLOC(rhs, 0);                                                          \
            (current).start = (current).end;                                                       \
        }                                                                                          \
    } while (0)

/* In every error production: go on at the lookahead, or drop it and go on at the next place fit for it. */
#define RECOVER                                                                                    \
    do {                                                                                           \
        yyerrok;                                                                                   \
        if (ent_tokens_stuck(p)) {                                                                 \
            YYABORT;                                                                               \
        }                                                                                          \
        if (ent_tokens_recover(p)) {                                                               \
            yyclearin;                                                                             \
        }                                                                                          \
    } while (0)

#define MAKE(kind, at, ...) ent_node_make_kids(p, ENT_NODE_##kind, at, __VA_ARGS__)
#define MAKE_LIST(kind, at, list) ent_node_make_list(p, ENT_NODE_##kind, at, list)

static const ent_node_list no_nodes;
static const ent_token no_token;

static void ent_yyerror(const ent_span *where, ent_parser *p, const char *message);

static ent_node *with_op(ent_node *node, int op)
{
    node->op = (uint16_t)op;
    return node;
}

static ent_node *with_i(ent_node *node, int64_t i)
{
    node->i = i;
    return node;
}

static ent_node *with_text(ent_node *node, ent_token t)
{
    node->text = t.text;
    node->text_len = t.text_len;
    return node;
}

static ent_node *policy(ent_parser *p, ent_span at, ent_span last, int op)
{
    return with_op(ent_node_make(p, ENT_NODE_POLICY, ent_span_join(at, last)), op);
}
}

%union {
    ent_token tok;
    ent_node *node;
    ent_node_list list;
    int number;
    int64_t bits;
}

%token END 0
%token <tok> ID MEMBER TITLE TEXT INT DECIMAL PERCENT MONEY DURATION DATE INSTANT TIME BAD_NUMBER
%token <tok> LBRACE RBRACE LPAREN RPAREN COMMA COLON ASSIGN EQ NE LT LE GT GE PLUS MINUS STAR SLASH ARROW DOTDOT
/* joined words */
%token <tok> AT_LEAST AT_MOST AT_RISK CREDIT_CAP ONE_OF NO_DATA COUNTS_AS IS_ABSENT IS_NOT_ABSENT
%token <tok> REQUIRE_UNDERPINNING OFFERED_REQUIRE TIME_SHARE_OF APPROXIMATE_PERCENTILE AGG_OF TIME_IN LADDER_WHEN EXPECT_MEASURE MONEY_OF
/* reserved: declarations */
%token <tok> FRAMEWORK SLA OLA AMENDMENT FEED BIND CALENDAR SPAN MEASURE DUTY OBJECTIVE FN EXTERN SCENARIO USE
/* reserved: small words */
%token <tok> AND OR NOT IF THEN ELSE MATCH IN IS WHERE ALL TRUE FALSE SKIP WHEN WITHIN MUST EACH ROLLING EVERY OF FOR BY PER ON WITH
%token <tok> OTHERWISE ABOVE BELOW STALE PERCENTILE SIGNED SAMPLED LATENESS
/* soft words */
%token <tok> ACCOUNTABILITY ADD AFTER ALIAS ANSWERS AS AT BETWEEN CAUSED CHARGE CLIENT CLOSED COUNTING CREDIT CREDITS CURRENCY DEPENDS
%token <tok> DURING EARN EFFECTIVE EXCLUDING EXCUSED EXPECT EXPECTED FOLLOWING FROM FUNDED GIVEN HOLDER INTEGRATOR JOINT KEY MATCHING MEASURED
%token <tok> MISSING NO NONE OPEN OUTAGES PAID PAUSING POOL PRO PROVIDER RECORDED RELIEF REMOVE REPLACE REQUIRE RESPONSIBLE RESUME
%token <tok> RETROACTIVE ROUNDED SERVICE SHARED SYMBOL TICKET TIMEZONE TO UNDER UNTIL USING VERSION VOID WEIGHT WARN

%type <tok> name field_name title_opt
%type <tok> soft soft_mark number percent money duration date time text int
%type <node> use framework sla ola amendment feed bind calendar span measure duty objective fn extern_fn scenario
%type <node> declaration shared header member member_core field field_type type fn_type binding calendar_clause feed_header
%type <node> party service require rule answers policy credit_cap on_claim at_risk pool charge expr literal ref primary aggregate match arm pattern
%type <node> event event_alt per_opt caused_opt measured_opt compare bound window clause allowance
%type <node> spanref credit amount step rate rate_cap_opt where_opt stale_opt undo expect expect_status expect_part given using
%type <node> param name_node role_node of_opt for_opt allowance_length library_symbol_opt responsible scenario_part percentile
%type <list> headers members fields bindings calendar_clauses feed_headers bind_parts texts names dates arms
%type <list> event_alts clauses allowances for_items spanrefs steps args args_opt params params_opt set_items patterns
%type <list> keys_opt party_keys scenario_parts expect_parts name_nodes use_path service_parts alias_opt
%type <number> role unit marks compare_word aggregate_word round_opt pro_opt
%type <bits> days day_range

%precedence LOW
%precedence error
%precedence WHERE STALE
%left OR
%left AND
%precedence NOT
%nonassoc EQ NE LT LE GT GE IN IS_ABSENT IS_NOT_ABSENT
%left PLUS MINUS
%left STAR SLASH
%precedence NEGATIVE

%start file

%%

file
  : %empty
  | file declaration                { if ($2 != NULL) { p->declarations = ent_node_append(p, p->declarations, $2); } }
  | file error                      { RECOVER; }
  ;

declaration
  : use | framework | sla | ola | amendment | feed | bind | extern_fn | scenario | shared
  | OFFERED_REQUIRE name title_opt rule {
      $$ = ent_node_declare(p, MAKE(REQUIRE, @$, 1, $4), $2, $3); }
  ;

/* What stands at file level and in bodies alike. */
shared
  : calendar | span | measure | duty | objective | fn
  ;

/* --- names, literals, small lists --- */

name
  : ID | soft | soft_mark
  ;

/* A field is not called `key`, `holder` or `recorded`: these are marks. */
field_name
  : ID | soft
  ;

soft_mark
  : KEY | HOLDER | RECORDED
  ;

soft
  : ACCOUNTABILITY | ADD | AFTER | ALIAS | ANSWERS | AS | AT | BETWEEN | CAUSED | CHARGE | CLIENT | CLOSED
  | COUNTING | CREDIT | CREDITS | CURRENCY | DEPENDS | DURING | EARN | EFFECTIVE | EXCLUDING | EXCUSED
  | EXPECT | EXPECTED | FOLLOWING | FROM | FUNDED | GIVEN | INTEGRATOR | JOINT | MATCHING | MEASURED | MISSING | NO
  | NONE | OPEN | OUTAGES | PAID | PAUSING | POOL | PRO | PROVIDER | RELIEF | REMOVE | REPLACE | REQUIRE
  | RESPONSIBLE | RESUME | RETROACTIVE | ROUNDED | SERVICE | SHARED | SYMBOL | TICKET | TIMEZONE | TO
  | UNDER | UNTIL | USING | VERSION | VOID | WARN | WEIGHT
  ;

title_opt
  : %empty                          { $$ = no_token; }
  | TITLE
  ;

name_node
  : name                            { $$ = ent_node_name(p, $1); }
  ;

name_nodes
  : name_node                       { $$ = ent_node_append(p, no_nodes, $1); }
  | name_nodes COMMA name_node      { $$ = ent_node_append(p, $1, $3); }
  ;

names
  : name_nodes
  ;

int: INT | BAD_NUMBER;
number: INT | DECIMAL | BAD_NUMBER;
percent: PERCENT | BAD_NUMBER;
money: MONEY | BAD_NUMBER;
duration: DURATION | BAD_NUMBER;
date: DATE | BAD_NUMBER;
time: TIME | BAD_NUMBER;
text: TEXT;

texts
  : text                            { $$ = ent_node_append(p, no_nodes, ent_node_literal(p, $1)); }
  | texts COMMA text                { $$ = ent_node_append(p, $1, ent_node_literal(p, $3)); }
  ;

dates
  : date                            { $$ = ent_node_append(p, no_nodes, ent_node_literal(p, $1)); }
  | dates COMMA date                { $$ = ent_node_append(p, $1, ent_node_literal(p, $3)); }
  ;

literal
  : INT                             { $$ = ent_node_literal(p, $1); }
  | DECIMAL                         { $$ = ent_node_literal(p, $1); }
  | PERCENT                         { $$ = ent_node_literal(p, $1); }
  | MONEY                           { $$ = ent_node_literal(p, $1); }
  | DURATION                        { $$ = ent_node_literal(p, $1); }
  | DATE                            { $$ = ent_node_literal(p, $1); }
  | INSTANT                         { $$ = ent_node_literal(p, $1); }
  | TIME                            { $$ = ent_node_literal(p, $1); }
  | BAD_NUMBER                      { $$ = ent_node_literal(p, $1); }
  ;

unit
  : ID                              { $$ = ent_word_unit(p, $1); }
  ;

/* --- use --- */

use
  : USE name use_path               {
      ent_node_list path = ent_node_append(p, no_nodes, ent_node_name(p, $2));
      $$ = MAKE_LIST(USE, @$, ent_node_concat(p, path, $3)); }
  | USE text                        { $$ = with_text(MAKE(USE, @$, 0), $2); }
  ;

use_path
  : %empty                          { $$ = no_nodes; }
  | use_path MEMBER                 { $$ = ent_node_append(p, $1, ent_node_name(p, $2)); }
  ;

/* --- framework, sla, ola, amendment --- */

framework
  : FRAMEWORK name title_opt headers LBRACE members RBRACE {
      $$ = ent_node_declare(p, MAKE_LIST(FRAMEWORK, @$, ent_node_concat(p, $4, $6)), $2, $3);
      ent_check_parts(p, $$, &$4); ent_check_parts(p, $$, &$6); }
  ;

sla
  : SLA name title_opt headers LBRACE members RBRACE {
      $$ = ent_node_declare(p, MAKE_LIST(SLA, @$, ent_node_concat(p, $4, $6)), $2, $3);
      ent_check_parts(p, $$, &$4); ent_check_parts(p, $$, &$6); }
  ;

ola
  : OLA name title_opt headers LBRACE members RBRACE {
      $$ = ent_node_declare(p, MAKE_LIST(OLA, @$, ent_node_concat(p, $4, $6)), $2, $3);
      ent_check_parts(p, $$, &$4); ent_check_parts(p, $$, &$6); }
  ;

amendment
  : AMENDMENT name title_opt headers LBRACE members RBRACE {
      $$ = ent_node_declare(p, MAKE_LIST(AMENDMENT, @$, ent_node_concat(p, $4, $6)), $2, $3);
      ent_check_parts(p, $$, &$4); ent_check_parts(p, $$, &$6); }
  ;

headers
  : %empty                          { $$ = no_nodes; }
  | headers header                  { $$ = ent_node_append(p, $1, $2); }
  | headers error                   { $$ = $1; RECOVER; }
  ;

header
  : VERSION int                     { $$ = with_i(MAKE(VERSION, @$, 0), $2.i); }
  | EFFECTIVE FROM date             { $$ = MAKE(EFFECTIVE, @$, 2, ent_node_literal(p, $3), NULL); }
  | EFFECTIVE date DOTDOT date      {
      $$ = MAKE(EFFECTIVE, @$, 2, ent_node_literal(p, $2), ent_node_literal(p, $4)); }
  | TIMEZONE text                   { $$ = with_text(MAKE(TIMEZONE, @$, 0), $2); }
  | CURRENCY name                   { $$ = ent_node_word(p, ENT_NODE_CURRENCY, @$, $2); }
  | UNDER name                      { $$ = ent_node_word(p, ENT_NODE_UNDER, @$, $2); }
  | BETWEEN name_node AND name_node { $$ = MAKE(BETWEEN, @$, 2, $2, $4); }
  | TO name                         { $$ = ent_node_word(p, ENT_NODE_AMENDS, @$, $2); }
  ;

members
  : %empty                          { $$ = no_nodes; }
  | members member                  { $$ = $2 == NULL ? $1 : ent_node_append(p, $1, $2); }
  | members error                   { $$ = $1; RECOVER; }
  ;

member
  : member_core
  | REPLACE member_core             {
      $$ = $2 == NULL ? NULL : ent_node_declare(p, MAKE(REPLACE, @$, 1, $2), no_token, no_token); }
  | ADD member_core                 {
      $$ = $2 == NULL ? NULL : ent_node_declare(p, MAKE(ADD, @$, 1, $2), no_token, no_token); }
  | REMOVE DUTY name                { $$ = with_op(ent_node_word(p, ENT_NODE_REMOVE, @$, $3), ENT_NODE_DUTY); }
  | REMOVE OBJECTIVE name           { $$ = with_op(ent_node_word(p, ENT_NODE_REMOVE, @$, $3), ENT_NODE_OBJECTIVE); }
  | REMOVE MEASURE name             { $$ = with_op(ent_node_word(p, ENT_NODE_REMOVE, @$, $3), ENT_NODE_MEASURE); }
  | REMOVE CALENDAR name            { $$ = with_op(ent_node_word(p, ENT_NODE_REMOVE, @$, $3), ENT_NODE_CALENDAR); }
  | REMOVE SPAN name                { $$ = with_op(ent_node_word(p, ENT_NODE_REMOVE, @$, $3), ENT_NODE_SPAN); }
  | REMOVE FN name                  { $$ = with_op(ent_node_word(p, ENT_NODE_REMOVE, @$, $3), ENT_NODE_FN); }
  | REMOVE CREDITS ON name          {
      $$ = with_op(ent_node_word(p, ENT_NODE_REMOVE, @$, $4), ENT_NODE_ON_CLAIM); }
  | REMOVE CREDIT_CAP               { $$ = with_op(MAKE(REMOVE, @$, 0), ENT_NODE_CREDIT_CAP); }
  ;

member_core
  : shared | party | service | require | answers | policy | credit_cap | on_claim | at_risk | pool | charge
  | ACCOUNTABILITY                  { $$ = MAKE(ACCOUNTABILITY, @$, 0); }
  ;

/* --- members of a framework --- */

role
  : CLIENT                          { $$ = ENT_ROLE_CLIENT; }
  | INTEGRATOR                      { $$ = ENT_ROLE_INTEGRATOR; }
  | PROVIDER                        { $$ = ENT_ROLE_PROVIDER; }
  ;

role_node
  : CLIENT                          { $$ = ent_node_name(p, $1); }
  | INTEGRATOR                      { $$ = ent_node_name(p, $1); }
  | PROVIDER                        { $$ = ent_node_name(p, $1); }
  ;

party
  : role ID title_opt alias_opt keys_opt {
      $$ = with_op(ent_node_declare(p, MAKE_LIST(PARTY, @$, ent_node_concat(p, $4, $5)), $2, $3), $1); }
  ;

keys_opt
  : %empty                          { $$ = no_nodes; }
  | KEY party_keys                  { $$ = $2; }
  ;

party_keys
  : text                            { $$ = ent_node_append(p, no_nodes, with_text(MAKE(PARTY_KEY, @1, 0), $1)); }
  | party_keys COMMA text           { $$ = ent_node_append(p, $1, with_text(MAKE(PARTY_KEY, @3, 0), $3)); }
  ;

alias_opt
  : %empty                          { $$ = no_nodes; }
  | ALIAS texts                     { $$ = $2; }
  ;

service
  : SERVICE name title_opt BY name_node service_parts {
      $$ = ent_node_declare(p, ent_node_make_list(p, ENT_NODE_SERVICE, @$,
               ent_node_concat(p, ent_node_append(p, no_nodes, $5), $6)), $2, $3); }
  ;

service_parts
  : alias_opt                       {
      $$ = ent_node_append(p, no_nodes, MAKE_LIST(LIST, @$, no_nodes));
      $$ = ent_node_append(p, $$, MAKE_LIST(LIST, @$, $1)); }
  | DEPENDS ON names alias_opt      {
      $$ = ent_node_append(p, no_nodes, MAKE_LIST(LIST, @3, $3));
      $$ = ent_node_append(p, $$, MAKE_LIST(LIST, @4, $4)); }
  | ALIAS texts DEPENDS ON names    {
      $$ = ent_node_append(p, no_nodes, MAKE_LIST(LIST, @5, $5));
      $$ = ent_node_append(p, $$, MAKE_LIST(LIST, @2, $2)); }
  ;

require
  : REQUIRE name title_opt rule     { $$ = ent_node_declare(p, MAKE(REQUIRE, @$, 1, $4), $2, $3); }
  | REQUIRE name MEMBER             {
      $$ = ent_node_declare(p, MAKE(REQUIRE, @$, 0), $3, no_token);
      $$->name_span.start++; /* without the dot */
      $$->text = $2.name; }
  | REQUIRE_UNDERPINNING title_opt  {
      $$ = with_op(ent_node_declare(p, MAKE(REQUIRE, @$, 0), no_token, $2), 1); }
  ;

rule
  : expr
  | SIGNED BY EVERY ID              { ent_word_need(p, $4, "party"); $$ = MAKE(SIGNED, @$, 0); }
  ;

answers
  : role_node ANSWERS TO role_node FOR EVERY OBJECTIVE { $$ = MAKE(ANSWERS, @$, 2, $1, $4); }
  ;

policy
  : OUTAGES ID ID                   {
      static const char *const verbs[] = {"follow", "stay", NULL};
      (void)ent_word_choose(p, $2, "word", verbs);
      ent_word_need(p, $3, "dependencies");
      $$ = policy(p, @1, @3, ENT_POLICY_OUTAGES_DEPENDENCIES); }
  | OUTAGES ID WITH ID              {
      ent_word_need(p, $2, "stay");
      ent_word_need(p, $4, "owner");
      $$ = policy(p, @1, @4, ENT_POLICY_OUTAGES_OWNER); }
  | TICKET ID ID HOLDER             {
      ent_word_need(p, $2, "time");
      ent_word_need(p, $3, "follows");
      $$ = policy(p, @1, @4, ENT_POLICY_TIME_HOLDER); }
  | TICKET ID ID ID HOLDER          {
      ent_word_need(p, $2, "time");
      ent_word_need(p, $3, "follows");
      static const char *const whose[] = {"last", "holder", NULL};
      (void)ent_word_choose(p, $4, "word", whose);
      $$ = policy(p, @1, @5, ENT_POLICY_TIME_LAST_HOLDER); }
  | TICKET ID ID WITH ID            {
      ent_word_need(p, $2, "time");
      ent_word_need(p, $3, "stays");
      ent_word_need(p, $5, "owner");
      $$ = policy(p, @1, @5, ENT_POLICY_TIME_OWNER); }
  | CREDITS ID ID                   {
      ent_word_need(p, $2, "follow");
      ent_word_need(p, $3, "responsibility");
      $$ = policy(p, @1, @3, ENT_POLICY_CREDITS_RESPONSIBILITY); }
  | CREDITS ID WITH PROVIDER        {
      ent_word_need(p, $2, "stay");
      $$ = policy(p, @1, @4, ENT_POLICY_CREDITS_PROVIDER); }
  | RELIEF FOR CLIENT ID            {
      ent_word_need(p, $4, "share");
      $$ = policy(p, @1, @4, ENT_POLICY_RELIEF_CLIENT); }
  | RELIEF FOR ID ID                {
      ent_word_need(p, $3, "force");
      ent_word_need(p, $4, "majeure");
      $$ = policy(p, @1, @4, ENT_POLICY_RELIEF_FORCE); }
  | JOINT ID SHARED                 {
      ent_word_need(p, $2, "causes");
      $$ = policy(p, @1, @3, ENT_POLICY_JOINT_SHARED); }
  | JOINT ID BY CHARGE              {
      ent_word_need(p, $2, "causes");
      $$ = policy(p, @1, @4, ENT_POLICY_JOINT_BY_CHARGE); }
  | JOINT ID ID                     {
      static const char *const ways[] = {"jointly", "shared", "by charge", "first in time", NULL};
      ent_word_need(p, $2, "causes");
      (void)ent_word_choose(p, $3, "way", ways);
      $$ = policy(p, @1, @3, ENT_POLICY_JOINT_JOINTLY); }
  | JOINT ID ID IN ID               {
      ent_word_need(p, $2, "causes");
      ent_word_need(p, $3, "first");
      ent_word_need(p, $5, "time");
      $$ = policy(p, @1, @5, ENT_POLICY_JOINT_FIRST); }
  ;

credit_cap
  : CREDIT_CAP amount EACH unit     { $$ = with_op(MAKE(CREDIT_CAP, @$, 1, $2), $4); }
  | CREDIT_CAP amount ID int ID     {
      ent_word_need(p, $3, "over");
      ent_word_need(p, $5, "months");
      $$ = with_i(with_op(MAKE(CREDIT_CAP, @$, 1, $2), ENT_UNIT_MONTH), $4.i); }
  ;

on_claim
  : CREDITS ON name_node WITHIN duration {
      $$ = MAKE(ON_CLAIM, @$, 2, $3, ent_node_literal(p, $5)); }
  ;

at_risk
  : AT_RISK amount EACH unit        { $$ = with_op(MAKE(AT_RISK, @$, 1, $2), $4); }
  ;

pool
  : POOL name title_opt FUNDED BY amount OF EACH name_node EACH unit PAID WHEN expr SHARED ID {
      ent_word_need(p, $16, "equally");
      $$ = with_op(ent_node_declare(p, MAKE(POOL, @$, 3, $6, $9, $14), $2, $3), $11); }
  | POOL name title_opt FUNDED BY amount OF EACH name_node EACH unit PAID WHEN expr SHARED BY CHARGE {
      $$ = with_i(with_op(ent_node_declare(p, MAKE(POOL, @$, 3, $6, $9, $14), $2, $3), $11), 1); }
  ;

/* --- members of an agreement --- */

charge
  : CHARGE money PER unit           {
      $$ = with_op(MAKE(CHARGE, @$, 1, ent_node_literal(p, $2)), $4); }
  ;

/* --- feeds and binds --- */

feed
  : FEED name title_opt feed_headers LBRACE fields RBRACE {
      $$ = ent_node_declare(p, MAKE_LIST(FEED, @$, ent_node_concat(p, $4, $6)), $2, $3);
      ent_check_parts(p, $$, &$4); }
  ;

feed_headers
  : %empty                          { $$ = no_nodes; }
  | feed_headers feed_header        { $$ = ent_node_append(p, $1, $2); }
  ;

feed_header
  : SAMPLED EVERY duration          { $$ = MAKE(SAMPLED, @$, 1, ent_node_literal(p, $3)); }
  | LATENESS duration               { $$ = MAKE(LATENESS, @$, 1, ent_node_literal(p, $2)); }
  ;

fields
  : %empty                          { $$ = no_nodes; }
  | fields field                    { $$ = ent_node_append(p, $1, $2); }
  | fields error                    { $$ = $1; RECOVER; }
  ;

field
  : field_name field_type marks           {
      $$ = with_op(ent_node_declare(p, MAKE(FIELD, @$, 1, $2), $1, no_token), $3); }
  | RECORDED type RECORDED          {
      $$ = with_op(ent_node_declare(p, MAKE(FIELD, @$, 1, $2), $1, no_token), ENT_MARK_RECORDED); }
  ;

marks
  : %empty                          { $$ = 0; }
  | marks KEY                       { $$ = $1 | ENT_MARK_KEY; }
  | marks HOLDER                    { $$ = $1 | ENT_MARK_HOLDER; }
  ;

type
  : name                            { $$ = ent_node_word(p, ENT_NODE_TYPE, @$, $1); }
  | CALENDAR                        { $$ = ent_node_word(p, ENT_NODE_TYPE, @$, $1); }
  | name LPAREN int RPAREN          {
      $$ = with_i(ent_node_word(p, ENT_NODE_TYPE, @$, $1), $3.i); }
  | MONEY_OF                        {
      $$ = with_text(ent_node_word(p, ENT_NODE_TYPE, @$, $1), $1); }
  ;

/* Of a function: also FEED.FIELD, the type of that field.  The feed is a name that it depends on. */
fn_type
  : type
  | name MEMBER                     {
      $$ = with_op(MAKE(TYPE, @$, 1, ent_node_name(p, $1)), 2);
      $$->name = $2.name;
      $$->name_span = @2;
      $$->name_span.start++; }
  ;

field_type
  : type
  | ONE_OF names                    {
      $$ = with_op(ent_node_set_kids(p, ent_node_word(p, ENT_NODE_TYPE, @$, $1), $2), 1); }
  ;

bind
  : BIND name FROM ID bind_parts %prec LOW {
      $$ = ent_node_bind(p, @$, $2, $4, $5, no_nodes); }
  | BIND name FROM ID bind_parts LBRACE bindings RBRACE {
      $$ = ent_node_bind(p, @$, $2, $4, $5, $7); }
  ;

/* Options and, where there are no braces, the bindings. */
bind_parts
  : %empty                          { $$ = no_nodes; }
  | bind_parts feed_header          { $$ = ent_node_append(p, $1, $2); }
  | bind_parts ID texts             { $$ = ent_node_options(p, $1, $2, $3); }
  | bind_parts binding              { $$ = ent_node_append(p, $1, $2); }
  | bind_parts error                { $$ = $1; RECOVER; }
  ;

bindings
  : %empty                          { $$ = no_nodes; }
  | bindings binding                { $$ = ent_node_append(p, $1, $2); }
  | bindings error                  { $$ = $1; RECOVER; }
  ;

binding
  : name ASSIGN expr                { $$ = ent_node_declare(p, MAKE(BINDING, @$, 1, $3), $1, no_token); }
  ;

/* --- calendars --- */

calendar
  : CALENDAR name title_opt calendar_clauses %prec LOW {
      $$ = ent_node_declare(p, MAKE_LIST(CALENDAR, @$, $4), $2, $3);
      ent_check_parts(p, $$, &$4); }
  ;

calendar_clauses
  : %empty                          { $$ = no_nodes; }
  | calendar_clauses calendar_clause { $$ = ent_node_append(p, $1, $2); }
  | calendar_clauses error          { $$ = $1; RECOVER; }
  ;

calendar_clause
  : TIMEZONE text                   { $$ = with_text(MAKE(TIMEZONE, @$, 0), $2); }
  | OPEN days time DOTDOT time      { $$ = ent_node_open(p, @$, $2, $3, $5); }
  | CLOSED dates                    { $$ = MAKE_LIST(CLOSED, @$, $2); }
  | CLOSED ON text                  { $$ = with_text(MAKE(CLOSED_ON, @$, 0), $3); }
  ;

days
  : day_range
  | days COMMA day_range            { $$ = $1 | $3; }
  | EVERY ID                        { ent_word_need(p, $2, "day"); $$ = 0x7F; }
  ;

day_range
  : ID                              { $$ = ent_word_days(p, $1, $1); }
  | ID DOTDOT ID                    { $$ = ent_word_days(p, $1, $3); }
  ;

/* --- spans and measures --- */

span
  : SPAN name title_opt per_opt FROM event TO event caused_opt {
      $$ = ent_node_declare(p, MAKE(SPAN, @$, 4, $4, $6, $8, $9), $2, $3); }
  ;

per_opt
  : %empty                          { $$ = NULL; }
  | PER name                        { $$ = ent_node_word(p, ENT_NODE_PER, @$, $2); }
  ;

caused_opt
  : %empty                          { $$ = NULL; }
  | CAUSED BY name_node             { $$ = $3; }
  | CAUSED BY ID ID                 {
      ent_word_need(p, $3, "force");
      ent_word_need(p, $4, "majeure");
      $$ = with_op(ent_node_name(p, $3), 1);
      $$->span = ent_span_join(@3, @4); }
  ;

measure
  : MEASURE name title_opt per_opt expr measured_opt {
      $$ = ent_node_declare(p, MAKE(MEASURE, @$, 3, $4, $6, $5), $2, $3); }
  | MEASURE name title_opt per_opt MEASURED BY name_node per_opt expr {
      $$ = ent_node_declare(p, MAKE(MEASURE, @$, 3, $4 != NULL ? $4 : $8, $7, $9), $2, $3); }
  ;

measured_opt
  : %empty                          { $$ = NULL; }
  | MEASURED BY name_node           { $$ = $3; }
  ;

/* --- duties and objectives --- */

duty
  : DUTY name title_opt name_node MUST event clauses %prec LOW {
      ent_node_list kids = ent_node_append(p, ent_node_append(p, no_nodes, $4), $6);
      $$ = ent_node_declare(p, MAKE_LIST(DUTY, @$, ent_node_concat(p, kids, $7)), $2, $3);
      ent_check_parts(p, $$, &$7); }
  | DUTY name title_opt lost_head clauses %prec LOW {
      $$ = ent_node_lost(p, ENT_NODE_DUTY, @$, $2, $3, $5); }
  ;

objective
  : OBJECTIVE name title_opt expr compare window clauses %prec LOW {
      ent_node_list kids = ent_node_append(p, ent_node_append(p, no_nodes, $4), $5);
      kids = ent_node_append(p, kids, $6);
      $$ = ent_node_declare(p, MAKE_LIST(OBJECTIVE, @$, ent_node_concat(p, kids, $7)), $2, $3);
      ent_check_parts(p, $$, &$7); }
  | OBJECTIVE name title_opt lost_head clauses %prec LOW {
      $$ = ent_node_lost(p, ENT_NODE_OBJECTIVE, @$, $2, $3, $5); }
  ;

/* What should stand before the clauses could not be read; the clauses still can. */
lost_head
  : error                           { RECOVER; }
  ;

compare
  : compare_word bound              { $$ = with_op(MAKE(COMPARE, @$, 1, $2), $1); }
  ;

compare_word
  : AT_LEAST                        { $$ = ENT_CMP_AT_LEAST; }
  | AT_MOST                         { $$ = ENT_CMP_AT_MOST; }
  | ABOVE                           { $$ = ENT_CMP_ABOVE; }
  | BELOW                           { $$ = ENT_CMP_BELOW; }
  ;

bound
  : literal
  | MINUS literal                   { $$ = with_op(MAKE(UNARY, @$, 1, $2), ENT_OP_NEG); }
  | ID                              { $$ = ent_node_name(p, $1); }
  | LPAREN expr RPAREN              { $$ = $2; }
  ;

window
  : EACH unit                       { $$ = with_op(MAKE(WINDOW, @$, 0), $2); }
  | ROLLING duration                {
      $$ = with_op(MAKE(WINDOW, @$, 2, ent_node_literal(p, $2), NULL), ENT_UNIT_ROLLING); }
  | ROLLING duration EVERY duration {
      $$ = with_op(MAKE(WINDOW, @$, 2, ent_node_literal(p, $2), ent_node_literal(p, $4)),
                   ENT_UNIT_ROLLING); }
  ;

clauses
  : %empty                          { $$ = no_nodes; }
  | clauses clause                  { $$ = ent_node_append(p, $1, $2); }
  | clauses error                   { $$ = $1; RECOVER; }
  ;

clause
  : WHEN event                      { $$ = MAKE(WHEN, @$, 1, $2); }
  | WITHIN allowances               { $$ = MAKE_LIST(WITHIN, @$, $2); }
  | PAUSING DURING spanrefs         { $$ = MAKE_LIST(PAUSING, @$, $3); }
  | EXCLUDING spanrefs              { $$ = MAKE_LIST(EXCLUDING, @$, $2); }
  | VOID WHEN event                 { $$ = MAKE(VOID_WHEN, @$, 1, $3); }
  | EXCUSED WHEN expr               { $$ = MAKE(EXCUSED_WHEN, @$, 1, $3); }
  | EXCUSED DURING spanrefs         { $$ = MAKE_LIST(EXCUSED_DURING, @$, $3); }
  | ON event undo                   {
      $$ = $3;
      if ($$->n_kids == 2) { $$->kids[0] = $2; }
      $$->span = @$; }
  | WARN AT percent                 { $$ = MAKE(WARN_AT, @$, 1, ent_node_literal(p, $3)); }
  | WARN WHEN ID BELOW percent      {
      ent_word_need(p, $3, "budget");
      $$ = MAKE(WARN_BUDGET, @$, 1, ent_node_literal(p, $5)); }
  | COUNTING FROM event             { $$ = MAKE(COUNTING, @$, 1, $3); }
  | COUNTING FROM event RETROACTIVE { $$ = with_op(MAKE(COUNTING, @$, 1, $3), 1); }
  | COUNTING RETROACTIVE FROM event { $$ = with_op(MAKE(COUNTING, @$, 1, $4), 1); }
  | MATCHING ref EQ ref             { $$ = MAKE(MATCHING, @$, 2, $2, $4); }
  | FOLLOWING name                  { $$ = ent_node_word(p, ENT_NODE_FOLLOWING, @$, $2); }
  | MISSING COUNTS_AS ID            {
      static const char *const states[] = {"down", "up", NULL};
      $$ = with_op(MAKE(MISSING, @$, 0), ENT_MISSING_DOWN + (ent_word_choose(p, $3, "state", states) == 1)); }
  | MISSING IS ID                   {
      ent_word_need(p, $3, "ignored");
      $$ = with_op(MAKE(MISSING, @$, 0), ENT_MISSING_IGNORED); }
  | NO_DATA COUNTS_AS ID            {
      static const char *const outcomes[] = {"breach", "met", NULL};
      $$ = with_op(MAKE(NO_DATA, @$, 0), ENT_NODATA_BREACH + (ent_word_choose(p, $3, "outcome", outcomes) == 1)); }
  | NO_DATA AS ID                   {
      static const char *const outcomes[] = {"breach", "met", NULL};
      $$ = with_op(MAKE(NO_DATA, @$, 0), ENT_NODATA_BREACH + (ent_word_choose(p, $3, "outcome", outcomes) == 1)); }
  | credit
  | EARN ID percent WHEN ID FOR int ID {
      static const char *const plural[] = {"windows", "window", NULL};
      ent_word_need(p, $2, "back");
      ent_word_need(p, $5, "met");
      (void)ent_word_choose(p, $8, "word", plural);
      $$ = with_i(MAKE(EARN_BACK, @$, 1, ent_node_literal(p, $3)), $7.i); }
  | EARN ID percent WHEN EXPECTED FOR int ID {
      static const char *const plural[] = {"windows", "window", NULL};
      ent_word_need(p, $2, "back");
      (void)ent_word_choose(p, $8, "word", plural);
      $$ = with_op(with_i(MAKE(EARN_BACK, @$, 1, ent_node_literal(p, $3)), $7.i), 1); }
  | EXPECTED compare                { $$ = MAKE(EXPECTED, @$, 1, $2); }
  | WEIGHT number                   { $$ = MAKE(WEIGHT, @$, 1, ent_node_literal(p, $2)); }
  ;

/* --- allowances --- */

allowances
  : allowance                       { $$ = ent_node_append(p, no_nodes, $1); }
  | allowances COMMA allowance      { $$ = ent_node_append(p, $1, $3); }
  ;

allowance
  : allowance_length of_opt for_opt { $$ = MAKE(ALLOWANCE, @$, 3, $1, $2, $3); }
  | allowance_length of_opt OTHERWISE { $$ = with_op(MAKE(ALLOWANCE, @$, 3, $1, $2, NULL), 1); }
  ;

allowance_length
  : duration                        { $$ = ent_node_literal(p, $1); }
  | ref
  | ref LPAREN args_opt RPAREN      { $$ = ent_node_call(p, @$, $1, $3); }
  | LPAREN expr RPAREN              { $$ = $2; }
  ;

of_opt
  : %empty                          { $$ = NULL; }
  | OF name_node                    { $$ = $2; }
  ;

for_opt
  : %empty                          { $$ = NULL; }
  | FOR for_items                   { $$ = MAKE_LIST(LIST, @2, $2); }
  ;

for_items
  : pattern                         { $$ = ent_node_append(p, no_nodes, $1); }
  | for_items OR pattern            { $$ = ent_node_append(p, $1, $3); }
  ;

spanrefs
  : spanref                         { $$ = ent_node_append(p, no_nodes, $1); }
  | spanrefs COMMA spanref          { $$ = ent_node_append(p, $1, $3); }
  | spanrefs OR spanref             { $$ = ent_node_append(p, $1, $3); }
  ;

spanref
  : name                            {
      $$ = ent_node_word(p, ENT_NODE_SPANREF, @$, $1);
      ent_node_list none = ent_node_append(p, no_nodes, NULL);
      $$ = ent_node_set_kids(p, $$, none); }
  | name AT_MOST duration           {
      $$ = ent_node_word(p, ENT_NODE_SPANREF, @$, $1);
      ent_node_list most = ent_node_append(p, no_nodes, ent_node_literal(p, $3));
      $$ = ent_node_set_kids(p, $$, most); }
  ;

undo
  : ID                              {
      static const char *const ways[] = {"restart", "ignore", "resume until", NULL};
      int way = ent_word_choose(p, $1, "way", ways);
      $$ = with_op(MAKE(ON, @$, 2, NULL, NULL), way == 1 ? ENT_UNDO_IGNORE : ENT_UNDO_RESTART); }
  | RESUME UNTIL event              { $$ = with_op(MAKE(ON, @$, 2, NULL, $3), ENT_UNDO_RESUME); }
  ;

/* --- credits --- */

credit
  : CREDIT amount round_opt         { $$ = with_op(ent_node_credit(p, @$, $2, NULL, no_nodes), $3); }
  | CREDIT BY WEIGHT round_opt      {
      ent_token all = {.span = @3, .literal = ENT_LIT_PERCENT, .q = ent_q_from_i64(1)};
      ent_node *amount = MAKE(AMOUNT, ent_span_join(@2, @3), 1, ent_node_literal(p, all));
      $$ = ent_node_credit(p, @$, with_op(amount, ENT_AMOUNT_WEIGHT), NULL, no_nodes);
      $$ = with_i(with_op($$, $4), 1); }
  | CREDIT steps round_opt          { $$ = with_op(ent_node_credit(p, @$, NULL, NULL, $2), $3); }
  | CREDIT rate round_opt           { $$ = with_op(ent_node_credit(p, @$, NULL, $2, no_nodes), $3); }
  ;

round_opt
  : %empty %prec LOW                { $$ = ENT_ROUND_HALF_EVEN; }
  | ROUNDED ID                      {
      static const char *const ways[] = {"half_even", "up", "down", "half_up", NULL};
      int way = ent_word_choose(p, $2, "way of rounding", ways);
      $$ = way < 0 ? ENT_ROUND_HALF_EVEN : way; }
  ;

steps
  : step                            { $$ = ent_node_append(p, no_nodes, $1); }
  | steps step                      { $$ = ent_node_append(p, $1, $2); }
  | steps COMMA step                { $$ = ent_node_append(p, $1, $3); }
  | error                           { $$ = no_nodes; RECOVER; }
  | steps error                     { $$ = $1; RECOVER; }
  ;

step
  : amount LADDER_WHEN compare_word bound { $$ = with_op(MAKE(STEP, @$, 2, $1, $4), $3); }
  | amount OTHERWISE                { $$ = with_op(MAKE(STEP, @$, 2, $1, NULL), ENT_CMP_OTHERWISE); }
  ;

amount
  : NONE                            { $$ = with_op(MAKE(AMOUNT, @$, 0), ENT_AMOUNT_NONE); }
  | percent OF name                 { $$ = ent_node_amount_percent(p, @$, $1, $3); }
  | MONEY                           { $$ = with_op(MAKE(AMOUNT, @$, 1, ent_node_literal(p, $1)), ENT_AMOUNT_MONEY); }
  | ID                              { $$ = with_op(MAKE(AMOUNT, @$, 1, ent_node_name(p, $1)), ENT_AMOUNT_EXPR); }
  | ID LPAREN args_opt RPAREN       {
      $$ = with_op(MAKE(AMOUNT, @$, 1, ent_node_call(p, @$, ent_node_name(p, $1), $3)), ENT_AMOUNT_EXPR); }
  | LPAREN expr RPAREN              { $$ = with_op(MAKE(AMOUNT, @$, 1, $2), ENT_AMOUNT_EXPR); }
  ;

rate
  : amount pro_opt PER literal BELOW pro_opt rate_cap_opt {
      $$ = with_i(MAKE(RATE, @$, 3, $1, $4, $7), $2 | $6); }
  | amount pro_opt PER literal ABOVE pro_opt rate_cap_opt {
      $$ = with_op(with_i(MAKE(RATE, @$, 3, $1, $4, $7), $2 | $6), 1); }
  ;

pro_opt
  : %empty                          { $$ = 0; }
  | PRO ID                          { ent_word_need(p, $2, "rata"); $$ = 1; }
  ;

rate_cap_opt
  : %empty                          { $$ = NULL; }
  | AT_MOST amount                  { $$ = $2; }
  | COMMA AT_MOST amount            { $$ = $3; }
  ;

/* --- events --- */

event
  : event_alts                      {
      $$ = $1.n == 1 ? $1.items[0] : MAKE_LIST(EVENT_OR, @$, $1); }
  | event_alts WHERE expr %prec LOW {
      $$ = MAKE(EVENT_WHERE, @$, 2, $1.n == 1 ? $1.items[0] : MAKE_LIST(EVENT_OR, @1, $1), $3); }
  ;

event_alts
  : event_alt                       { $$ = ent_node_append(p, no_nodes, $1); }
  | event_alts OR event_alt         { $$ = ent_node_append(p, $1, $3); }
  ;

event_alt
  : ref                             { $$ = ent_node_event(p, $1); }
  | LPAREN event RPAREN             { $$ = $2; }
  ;

/* --- expressions --- */

expr
  : expr OR expr                    { $$ = with_op(MAKE(BINARY, @$, 2, $1, $3), ENT_OP_OR); }
  | expr AND expr                   { $$ = with_op(MAKE(BINARY, @$, 2, $1, $3), ENT_OP_AND); }
  | NOT expr                        { $$ = with_op(MAKE(UNARY, @$, 1, $2), ENT_OP_NOT); }
  | expr EQ expr                    { $$ = with_op(MAKE(BINARY, @$, 2, $1, $3), ENT_OP_EQ); }
  | expr NE expr                    { $$ = with_op(MAKE(BINARY, @$, 2, $1, $3), ENT_OP_NE); }
  | expr LT expr                    { $$ = with_op(MAKE(BINARY, @$, 2, $1, $3), ENT_OP_LT); }
  | expr LE expr                    { $$ = with_op(MAKE(BINARY, @$, 2, $1, $3), ENT_OP_LE); }
  | expr GT expr                    { $$ = with_op(MAKE(BINARY, @$, 2, $1, $3), ENT_OP_GT); }
  | expr GE expr                    { $$ = with_op(MAKE(BINARY, @$, 2, $1, $3), ENT_OP_GE); }
  | expr PLUS expr                  { $$ = with_op(MAKE(BINARY, @$, 2, $1, $3), ENT_OP_ADD); }
  | expr MINUS expr                 { $$ = with_op(MAKE(BINARY, @$, 2, $1, $3), ENT_OP_SUB); }
  | expr STAR expr                  { $$ = with_op(MAKE(BINARY, @$, 2, $1, $3), ENT_OP_MUL); }
  | expr SLASH expr                 { $$ = with_op(MAKE(BINARY, @$, 2, $1, $3), ENT_OP_DIV); }
  | MINUS expr %prec NEGATIVE       { $$ = with_op(MAKE(UNARY, @$, 1, $2), ENT_OP_NEG); }
  | expr IS_ABSENT                  { $$ = MAKE(IS_ABSENT, @$, 1, $1); }
  | expr IS_NOT_ABSENT              { $$ = with_op(MAKE(IS_ABSENT, @$, 1, $1), 1); }
  | expr IN LBRACE set_items RBRACE {
      $$ = MAKE_LIST(IN, @$, ent_node_concat(p, ent_node_append(p, no_nodes, $1), $4)); }
  | expr IN ref                     { $$ = with_i(MAKE(IN, @$, 2, $1, $3), 1); }
  | IF expr THEN expr ELSE expr %prec LOW { $$ = MAKE(IF, @$, 3, $2, $4, $6); }
  | ALL name IN ref COLON expr %prec LOW {
      $$ = with_op(MAKE(QUANTIFIER, @$, 3, $4, NULL, $6), ENT_QUANT_ALL);
      $$->name = $2.name;
      $$->name_span = @2; }
  | aggregate
  | primary
  ;

set_items
  : expr                            { $$ = ent_node_append(p, no_nodes, $1); }
  | set_items COMMA expr            { $$ = ent_node_append(p, $1, $3); }
  ;

aggregate
  : aggregate_word ref where_opt stale_opt {
      $$ = with_op(MAKE(AGGREGATE, @$, 3, $2, $3, $4), $1); }
  | percentile ref where_opt stale_opt {
      $$ = MAKE(AGGREGATE, @$, 3, $2, $3, $4);
      $$->op = ENT_AGG_PERCENTILE;
      $$->q = $1->q;
      $$->i = $1->i; }
  | TIME_IN name_node               {
      $$ = with_op(MAKE(AGGREGATE, @$, 3, $2, NULL, NULL), (int)$1.i); }
  ;

percentile
  : PERCENTILE number OF            { $$ = with_i(ent_node_literal(p, $2), 0); }
  | APPROXIMATE_PERCENTILE number OF { $$ = with_i(ent_node_literal(p, $2), 1); }
  ;

aggregate_word
  : AGG_OF                          { $$ = (int)$1.i; }
  | TIME_SHARE_OF                   { $$ = ENT_AGG_TIME_SHARE; }
  ;

where_opt
  : %empty %prec LOW                { $$ = NULL; }
  | WHERE expr %prec LOW            { $$ = $2; }
  ;

stale_opt
  : %empty %prec LOW                { $$ = NULL; }
  | STALE AFTER duration            { $$ = ent_node_literal(p, $3); }
  ;

ref
  : name                            { $$ = ent_node_name(p, $1); }
  | ref MEMBER                      {
      $$ = MAKE(MEMBER, @$, 1, $1);
      $$->name = $2.name;
      $$->name_span = @2;
      $$->name_span.start++; }
  ;

primary
  : literal
  | text                            { $$ = ent_node_literal(p, $1); }
  | TRUE                            { $1.literal = ENT_LIT_BOOL; $1.i = 1; $$ = ent_node_literal(p, $1); }
  | FALSE                           { $1.literal = ENT_LIT_BOOL; $$ = ent_node_literal(p, $1); }
  | ref
  | ref LPAREN args_opt RPAREN      { $$ = ent_node_call(p, @$, $1, $3); }
  | ref LPAREN expr WHERE expr RPAREN { $$ = ent_node_quantifier(p, @$, $1, $3, $5); }
  | ref LPAREN expr FOR name IN ref RPAREN {
      $$ = with_op(MAKE(QUANTIFIER, @$, 3, $7, NULL, $3), ENT_QUANT_SUM);
      ent_word_need(p, (ent_token){.name = $1->name, .span = @1}, "sum");
      $$->name = $5.name;
      $$->name_span = @5; }
  | ref LPAREN expr FOR name IN ref WHERE expr RPAREN {
      $$ = with_op(MAKE(QUANTIFIER, @$, 3, $7, $9, $3), ENT_QUANT_SUM);
      ent_word_need(p, (ent_token){.name = $1->name, .span = @1}, "sum");
      $$->name = $5.name;
      $$->name_span = @5; }
  | LPAREN expr RPAREN              { $$ = $2; }
  | PERCENT OF name                 {
      $$ = MAKE(PERCENT_OF, @$, 2, ent_node_literal(p, $1), ent_node_name(p, $3)); }
  | match
  ;

args_opt
  : %empty                          { $$ = no_nodes; }
  | args
  ;

args
  : expr                            { $$ = ent_node_append(p, no_nodes, $1); }
  | args COMMA expr                 { $$ = ent_node_append(p, $1, $3); }
  ;

match
  : MATCH expr LBRACE arms RBRACE   {
      $$ = MAKE_LIST(MATCH, @$, ent_node_concat(p, ent_node_append(p, no_nodes, $2), $4)); }
  ;

arms
  : %empty                          { $$ = no_nodes; }
  | arms arm                        { $$ = ent_node_append(p, $1, $2); }
  | arms arm COMMA                  { $$ = ent_node_append(p, $1, $2); }
  | arms error                      { $$ = $1; RECOVER; }
  ;

arm
  : patterns ARROW expr %prec LOW   { $$ = MAKE(ARM, @$, 2, MAKE_LIST(LIST, @1, $1), $3); }
  | patterns ARROW SKIP             { $$ = MAKE(ARM, @$, 2, MAKE_LIST(LIST, @1, $1), MAKE(SKIP, @3, 0)); }
  | ELSE ARROW expr %prec LOW       { $$ = MAKE(ARM, @$, 2, NULL, $3); }
  | ELSE ARROW SKIP                 { $$ = MAKE(ARM, @$, 2, NULL, MAKE(SKIP, @3, 0)); }
  ;

patterns
  : pattern                         { $$ = ent_node_append(p, no_nodes, $1); }
  | patterns OR pattern             { $$ = ent_node_append(p, $1, $3); }
  ;

pattern
  : name_node
  | text                            { $$ = ent_node_literal(p, $1); }
  | INT                             { $$ = ent_node_literal(p, $1); }
  | DECIMAL                         { $$ = ent_node_literal(p, $1); }
  | PERCENT                         { $$ = ent_node_literal(p, $1); }
  | MONEY                           { $$ = ent_node_literal(p, $1); }
  | DURATION                        { $$ = ent_node_literal(p, $1); }
  | BAD_NUMBER                      { $$ = ent_node_literal(p, $1); }
  | TRUE                            { $1.literal = ENT_LIT_BOOL; $1.i = 1; $$ = ent_node_literal(p, $1); }
  | FALSE                           { $1.literal = ENT_LIT_BOOL; $$ = ent_node_literal(p, $1); }
  ;

/* --- functions --- */

fn
  : FN name LPAREN params_opt RPAREN ARROW fn_type ASSIGN expr {
      $$ = ent_node_declare(p, MAKE(FN, @$, 3, MAKE_LIST(LIST, @4, $4), $7, $9), $2, no_token); }
  ;

extern_fn
  : EXTERN FN name LPAREN params_opt RPAREN ARROW fn_type FROM text library_symbol_opt {
      $$ = ent_node_declare(p, MAKE(EXTERN_FN, @$, 4, MAKE_LIST(LIST, @5, $5), $8,
               ent_node_literal(p, $10), $11), $3, no_token); }
  ;

library_symbol_opt
  : %empty                          { $$ = NULL; }
  | SYMBOL text                     { $$ = ent_node_literal(p, $2); }
  ;

params_opt
  : %empty                          { $$ = no_nodes; }
  | params
  ;

params
  : param                           { $$ = ent_node_append(p, no_nodes, $1); }
  | params COMMA param              { $$ = ent_node_append(p, $1, $3); }
  ;

param
  : name COLON fn_type              { $$ = ent_node_declare(p, MAKE(PARAM, @$, 1, $3), $1, no_token); }
  ;

/* --- scenarios --- */

scenario
  : SCENARIO text scenario_parts %prec LOW {
      $$ = ent_node_declare(p, MAKE_LIST(SCENARIO, @$, $3), no_token, $2); }
  ;

scenario_parts
  : %empty                          { $$ = no_nodes; }
  | scenario_parts scenario_part    { $$ = ent_node_append(p, $1, $2); }
  | scenario_parts error            { $$ = $1; RECOVER; }
  ;

scenario_part
  : using | given | expect
  | DURING date DOTDOT date         {
      $$ = MAKE(PERIOD, @$, 2, ent_node_literal(p, $2), ent_node_literal(p, $4)); }
  ;

using
  : USING names                     { $$ = MAKE_LIST(USING, @$, $2); }
  ;

given
  : GIVEN name text                 {
      $$ = with_op(with_text(ent_node_word(p, ENT_NODE_GIVEN, @$, $2), $3), !$3.block); }
  | GIVEN name FROM text            {
      $$ = with_op(with_text(ent_node_word(p, ENT_NODE_GIVEN, @$, $2), $4), 1); }
  ;

expect
  : EXPECT expect_status OF ref expect_parts { $$ = ent_node_expect(p, @$, $2, $4, $5); }
  ;

expect_status
  : name                            {
      static const char *const all[] = {"met", "breach", "excused", "void", "provisional", "no data", NULL};
      int status = ent_word_choose(p, $1, "status", all);
      $$ = with_op(MAKE(EXPECT, @$, 0), status < 0 ? ENT_EXPECT_MET : ENT_EXPECT_MET + status); }
  | NO name                         {
      static const char *const all[] = {"met", "breach", "excused", "void", "provisional", NULL};
      int status = ent_word_choose(p, $2, "status", all);
      $$ = with_i(with_op(MAKE(EXPECT, @$, 0), status < 0 ? ENT_EXPECT_MET : ENT_EXPECT_MET + status), 1); }
  | NO_DATA                         { $$ = with_op(MAKE(EXPECT, @$, 0), ENT_EXPECT_NO_DATA); }
  ;

/* The parts are told apart by their kind in ent_node_expect: a key is a NAME or a text, `in` a DATE. */
expect_parts
  : %empty                          { $$ = no_nodes; }
  | expect_parts expect_part        { $$ = ent_node_append(p, $1, $2); }
  | expect_parts RESPONSIBLE responsible { $$ = ent_node_append(p, $1, $3); }
  | expect_parts COMMA responsible  { $$ = ent_node_append(p, $1, $3); }
  ;

expect_part
  : FOR name_node                   { $$ = $2; }
  | FOR text                        { $$ = ent_node_literal(p, $2); }
  | FOR int                         {
      $2.literal = ENT_LIT_TEXT;
      $2.text_len = @2.end - @2.start;
      $2.text = ent_arena_strndup(p->arena, p->source + @2.start, $2.text_len);
      $$ = ent_node_literal(p, $2); }
  | IN date                         { $$ = ent_node_literal(p, $2); }
  | CREDIT money                    { $$ = MAKE(CREDIT, @$, 1, ent_node_literal(p, $2)); }
  | CREDIT MINUS money              {
      $$ = with_op(MAKE(UNARY, ent_span_join(@2, @3), 1, ent_node_literal(p, $3)), ENT_OP_NEG);
      $$ = MAKE(CREDIT, @$, 1, $$); }
  | EXPECT_MEASURE literal          { $$ = MAKE(MEASURE, @$, 1, $2); }
  | EXPECT_MEASURE MINUS literal    {
      $$ = MAKE(MEASURE, @$, 1, with_op(MAKE(UNARY, ent_span_join(@2, @3), 1, $3), ENT_OP_NEG)); }
  ;

responsible
  : name percent                    {
      $$ = ent_node_word(p, ENT_NODE_RESPONSIBLE, @$, $1);
      $$ = ent_node_set_kids(p, $$, ent_node_append(p, no_nodes, ent_node_literal(p, $2))); }
  ;

%%

/* Bison's other complaints: its stack is full, or its memory gone. */
static void ent_yyerror(const ent_span *where, ent_parser *p, const char *message)
{
    (void)message;
    if (!p->depth_reported) {
        p->depth_reported = true;
        p->stopped = true;
        (void)ent_diag_add(p->diags, ENT_DIAG_E0117, *where, "this is nested too deeply");
    }
}

/* report.c knows tokens, not bison's symbols. */
static int symbol_token(yysymbol_kind_t symbol)
{
    if (symbol == YYSYMBOL_YYEOF) {
        return END;
    }
    for (int token = ID; token <= WARN; token++) {
        if (YYTRANSLATE(token) == symbol) {
            return token;
        }
    }
    return -1;
}

static int yyreport_syntax_error(const yypcontext_t *context, ent_parser *p)
{
    enum { EXPECTED_MAX = 256 };
    yysymbol_kind_t symbols[EXPECTED_MAX];
    int expected[EXPECTED_MAX];
    int n = yypcontext_expected_tokens(context, symbols, EXPECTED_MAX);
    if (n < 0) {
        return n;
    }
    for (int i = 0; i < n; i++) {
        expected[i] = symbol_token(symbols[i]);
    }
    ent_report_syntax(p, *yypcontext_location(context), symbol_token(yypcontext_token(context)),
                      expected, n);
    return 0;
}
