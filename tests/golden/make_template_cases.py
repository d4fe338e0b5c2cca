"""Renders small Jinja templates with Python's jinja2 and writes the results to ../data/templates/python_cases.json.

    pip install jinja2==3.1.6 && python make_template_cases.py

The environment is the one in which transformers renders chat templates.
"""
import datetime
import json
import pathlib
import types

import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        if isinstance(x, types.GeneratorType):  # json.dumps refuses generators; in r1 they are lists
            x = list(x)
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    e = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])
    e.filters.update(tojson=tojson, from_json=json.loads)
    e.globals.update(raise_exception=raise_exception,
                     strftime_now=lambda f: datetime.datetime(2026, 1, 2, 3, 4, 5).strftime(f))
    return e


VARIABLES = {
    "d": {'a': 1, 'items': 'shadow', 'n': {'x': [1, 2, {'y': None}]}},
    "m": [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b'}, {'role': 'user', 'content': ' c '}],
    "s": 'Héllo wörld 🙂',
    "e": '',
    "z": None,
    "n": 5,
    "f": 2.5,
    "t": True,
    "l": [3, 1, 2],
    "names": ['b', 'A', 'c', 'a'],
}

# One template per line. A backslash at the end of a line continues the template on the next one.
CASES = r'''
{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 // -2 }} {{ 7 % -3 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }}
{{ 1 / 3 }} {{ 1e16 }} {{ 1e15 }} {{ 123456789012345678 }} {{ 1e-5 }} {{ 0.0001 }} {{ 1.5e300 * 1e10 }} {{ 5 // 0.3 }} {{ 3.0 }} {{ -0.0 }} {{ 1e22 }} {{ 1_000 }} {{ 0x1f }} {{ 0b11 }} {{ 0o17 }}
{{ true + 1 }} {{ true == 1 }} {{ 1 in [true] }} {{ false < true }} {{ not 0 }} {{ 1.0 == 1 }} {{ 'a' == 1 }} {{ none == false }} {{ [1] == (1,) }} {{ {'a':1} == {'a':1.0} }}
{{ s[0] }}{{ s[-1] }}{{ s[1:4] }}{{ s[::-1] }}{{ s[::2] }}{{ s[-3:] }}{{ s[5:2] }}{{ s[100] }}{{ s[:-100] }}{{ s[10:1:-3] }}
{{ s|length }} {{ s|upper }} {{ s|lower }} {{ s|title }} {{ s.title() }} {{ s|capitalize }} {{ 'ab-cd (ef) [gh'|title }} {{ 'straße'.upper() }}
{{ l[5] }}|{{ l['x'] }}|{{ l.foo }}|{{ n.foo }}|{{ z.foo }}|{{ s.foo }}|{{ d.items is callable }}
{{ d['items'] }} {{ d.get('items') }} {{ d.items()|list|length }} {{ d['keys'] is callable }}
{{ d.n.x[2].y }} {{ d.n.x[2].q }} {{ d['n']['x'][-1]['y'] is none }} {{ d.n.x.2.y }}
{{ m|map(attribute='role')|join(',') }} {{ m|map('length')|list }} {{ m|map(attribute='zz', default='q')|list }} {{ names|map('upper')|join }}
{{ names|sort|join }} {{ names|sort(case_sensitive=true)|join }} {{ names|sort(reverse=true)|join }} {{ m|sort(attribute='role')|map(attribute='content')|join('|') }} {{ names|unique|join }} {{ names|min }}{{ names|max }} {{ l|sum }}
{{ l|first }}{{ l|last }}{{ []|first }}{{ l|reverse|list }}{{ 'abc'|reverse }}{{ (1,2,3)|list }}{{ {'a':1}|list }}
{{ [1,2,3]|tojson }} {{ {'a':(1,2),'b':true,'c':none,'d':1.0,1:2}|tojson }} {{ [1,{'a':[]}]|tojson(indent=2) }} {{ {'b':1,'a':'é'}|tojson(sort_keys=true, ensure_ascii=true) }} {{ [1,2]|tojson(separators=(',',':')) }} {{ "\x7f\u2028<>&'"|tojson }} {{ '🙂'|tojson(ensure_ascii=true) }}
{{ ['a\'b', 'a"b', 'a\'b"c', '\n\t\\', 'é🙂', '\x01\x7f\xa0\u200b'] }}
{{ (1,) }} {{ () }} {{ (1) }} {{ ((1,2),3) }} {{ [(),[],{}] }}
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a b c d'.split(none, 2) }} {{ 'a b c d'.rsplit(none, 2) }} {{ 'a.b.c'.rsplit('.', 1) }} {{ 'aaa'.split('aa') }} {{ 'aaa'.rsplit('aa') }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a b'.split(' ', 0) }} {{ ' a b '.split(none, 1) }} {{ 'x'.split(sep='x', maxsplit=1) }}
{{ 'a\nb\r\nc\n'.splitlines() }} {{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.partition('x') }} {{ 'abc'.rpartition('x') }}
{{ 'abc'.find('c') }} {{ 'abc'.find('x') }} {{ 'ábc'.find('c') }} {{ 'abcabc'.rfind('b') }} {{ 'abc'.count('') }} {{ 'aaaa'.count('aa') }} {{ 'abc'.index('b') }}
{{ 'abc'.replace('', '-') }} {{ 'aaa'.replace('a','b',2) }} {{ 'abc'.replace('x','y') }} {{ 'a'|replace('a', 1) }} {{ 123|replace(2,'x') }}
{{ 'x'.join(['a','b']) }} {{ ','.join('abc') }} {{ 'abc'.center(8) }}|{{ 'abc'.ljust(5,'.') }}|{{ 'abc'.rjust(5) }}|{{ '5'.zfill(3) }}|{{ '-5'.zfill(4) }}|{{ 'ab'.center(5,'*') }}|{{ 'abc'.center(6,'*') }}
{{ 'abc'.removeprefix('ab') }} {{ 'abc'.removesuffix('bc') }} {{ 'aBc'.swapcase() }} {{ 'ABC'.casefold() }} {{ 'abc'.isalpha() }}{{ '12'.isdigit() }}{{ 'a1'.isalnum() }}{{ ' '.isspace() }}{{ 'A'.isupper() }}{{ 'a'.islower() }}{{ ''.isdigit() }}
{{ '%5d|%-5d|%05d|%.2f|%s|%r|%x|%%' % (1, 2, 3, 1.255, 'a', 'b', 255) }} {{ '%s' % 'x' }} {{ '%(a)s' % {'a': 1} }} {{ '%s' % [1] }} {{ '%s-%s'|format('a', 'b') }}
{{ '{} {}'.format(1, 'a') }} {{ '{1} {0}'.format(1, 2) }} {{ '{a}'.format(a=3) }} {{ '{{}}'.format() }}
{{ x|default }}|{{ x|default('a') }}|{{ z|default('a') }}|{{ z|d('a', true) }}|{{ e|default('q', boolean=true) }}
{{ x is defined }} {{ z is none }} {{ x is none }} {{ l is iterable }} {{ d is mapping }} {{ s is sequence }} {{ x is iterable }} {{ x is sequence }} {{ 5 is odd }} {{ 4 is even }} {{ 6 is divisibleby(3) }} {{ 't' is in ['t'] }} {{ 1 is sameas 1 }} {{ 'ab' is lower }} {{ 'AB' is upper }} {{ 3 is lt 4 }} {{ 3 is ge(3) }} {{ l is not string }} {{ not l is string }} {{ 1 is not none and true }} {{ n is number }} {{ t is integer }} {{ t is boolean }} {{ f is float }}
{{ 'a' if x else 'b' if z else 'c' }} {{ 'q' if x }} {{ (1 if t) }} {{ [1 if t else 2, 3] }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 in [1] == true }} {{ 'a' in d }} {{ 'zz' not in d }} {{ 'é' in s }} {{ 1 not in l }} {{ x in l }} {{ 'a' in x }}
{{ 'a' ~ 1 ~ none ~ x ~ 1.0 ~ [1] }} {{ 'a' + 'b' ~ 'c' * 2 }} {{ 1 + 2 ~ 3 * 4 }} {{ 2 * 3 ~ 4 + 5 }}
{{ 'a' 'b' "c" }} {{ "\u00e9\x41\n\101\q" }} {{ 'a\
b' }}
{{ range(3)|list }} {{ range(5,1,-2)|list }} {{ range(0)|list }} {{ dict(a=1, b=2) }} {{ dict([('a',1)]) }} {{ dict({'x':1}, y=2) }}
{% for k, v in d.items() %}{{ k }}:{{ v }};{% endfor %} {% for k in d %}{{ k }}{% endfor %} {% for c in 'hé' %}{{ c }}-{% endfor %} {% for (a,b),c in [((1,2),3)] %}{{a}}{{b}}{{c}}{% endfor %}
{% for x in l %}{{ loop.index }}/{{ loop.length }}{{ loop.revindex0 }}{{ loop.cycle('a','b') }}{% for y in l %}{{ loop.depth }}{{ loop.first }}{% endfor %}{% endfor %}
{% for x in l if x > 1 %}{{ loop.index }}{{ x }}{{ loop.last }}{% else %}none{% endfor %}{% for x in l if x > 9 %}a{% else %}none{% endfor %}
{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}
{% set a = 1 %}{% for i in l %}{% set a = a + i %}{{ a }} {% endfor %}{{ a }}{% if true %}{% set a = 9 %}{% endif %}{{ a }}
{% set ns = namespace(x=0) %}{% for i in l %}{% set ns.x = ns.x + i %}{% set ns.y = i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.q }}{{ ns['x'] }}
{% set q %}a{{ n }}{% set inner = 3 %}{% endset %}{{ q }}{{ inner }}{{ q is string }} {% set w | upper %}abc{% endset %}{{ w }}
{% macro f(a, b=2, c=a) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ f(1) }}{{ f(1, c=5) }}{{ f() }}{{ f(b=3) }}{{ f(1,2,3)|length }}
{% set v = 1 %}{% macro g() %}{{ v }}{{ late }}{% endmacro %}{{ g() }}{% set v = 2 %}{% set late = 'L' %}{{ g() }}
{% macro h() %}{% set v = 5 %}{{ v }}{% endmacro %}{{ h() }}{{ v }}
{% macro c() %}<{{ caller() }}>{% endmacro %}{% call c() %}in{{ n }}{% endcall %} {% macro c2() %}{{ caller(1,2) }}{% endmacro %}{% call(a,b) c2() %}{{ a }}+{{ b }}{% endcall %}
{% macro r(k) %}{{ k }}{% if k %}{{ r(k-1) }}{% endif %}{% endmacro %}{{ r(5) }}
{% for i in l %}{% macro in_loop() %}{{ i }}{% endmacro %}{{ in_loop() }}{% endfor %}
{% with a=1, b=n %}{{ a }}{{ b }}{% set a = 7 %}{{ a }}{% endwith %}{{ a }}
{% filter upper %}abc {{ s }}{% endfilter %} {% filter replace('a','b')|upper %}aaa{% endfilter %}
  {% if t %}  x  {% endif %}  
   {%- if t %}  x  {%- endif -%}   y
a   {{- 1 -}}   b
{# c #}
x{# c -#}   y   {#- c #} z
{% raw %}{{ x }} {% if %}{% endraw %}|{%- raw -%}  a  {%- endraw -%}  b
{% if x %}1{% elif z %}2{% elif n %}3{% else %}4{% endif %}
{% if x is not defined and (z is none or n > 3) %}ok{% endif %}
{{ [1,2,3,] }} {{ {'a':1,} }} {{ f (1) if false else 'x' }} {{ (l|length) }} {{ l|length + 1 }} {{ l|length|string|length }} {{ 'a' + 1|string }} {{ -l|length }}
{{ 'a'.upper().lower()|upper }} {{ ('a')['upper']() }} {{ 'abc'['x'] }}
{{ '3'|int + 2 }} {{ 'x'|int }} {{ 'x'|int(3) }} {{ 2.9|int }} {{ '2.9'|int }} {{ ' 5 '|int }} {{ '1e3'|float }} {{ true|int }} {{ 'abc'|float(1.5) }} {{ 5|float }} {{ -3|abs }} {{ 2.567|round(2) }} {{ 2.5|round }} {{ 3.5|round }} {{ 2.1|round(0,'ceil') }} {{ 7|round }}
{{ 'a\nb\n\nc'|indent(2) }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a\n\nb'|indent('--', blank=true) }}|{{ 'a\n'|indent }}|
{{ [1,2,3,4]|select('odd')|list }} {{ [0,1,none]|select|list }} {{ [0,1]|reject|list }} {{ m|selectattr('role','eq','user')|list|length }} {{ m|rejectattr('role','in',['user'])|map(attribute='content')|list }} {{ [{'a':1},{}]|selectattr('a')|list }} {{ [{'a':{'b':1}}]|map(attribute='a.b')|list }} {{ [[1,2]]|map(attribute=1)|list }} {{ l|select('gt', 1)|list }} {{ l|select('>', 1)|list }}
{{ d|dictsort(by='key') }} {{ {'b':1,'a':2}|dictsort(by='value') }} {{ {'b':1}|items|list }} {{ x|items|list }}
{{ ' x '|trim }}|{{ 'xxaxx'|trim('x') }}|{{ 5|trim }}|{{ x|trim }}|{{ x|upper }}|{{ x|length }}|{{ x|list }}|{{ x|join }}|{{ none|string }}|{{ none|upper }}
{{ '<a & "b">'|e }} {{ l|join('-') }} {{ l|join }} {{ ['a',none,1]|join(',') }} {{ 'abc'|join('-') }}
{{ strftime_now('%Y-%m-%d %H:%M') }} {{ [1,2]*2 }} {{ 2*[1] }} {{ 'ab'*0 }} {{ 'ab'*-1 }} {{ [1]+[2] }} {{ (1,)+(2,) }}
{{ '[1, {"a": null}]'|from_json }}
{{ d.pop }}|{{ d.update }}|{{ l.append }}|{{ d.__class__ }}|{{ s.__len__ }}|{{ d.clear is defined }}
{% set (a, b) = (1, 2) %}{{ a }}{{ b }}{% set a, b = 'xy' %}{{ a }}{{ b }}
{{ '' }}{{ ""}}{{'a'}}{%if t%}b{%endif%}{%-if t-%} c {%-endif-%}
{{ l[1:]|tojson }} {{ l[:2] }} {{ l[::-1] }} {{ l[-1:] }} {{ l[5:] }} {{ (1,2,3)[1:] }} {{ m[::-1]|map(attribute='content')|list }} {{ s[1:3:2] }} {{ l[none:2] }}
{{ x.y }}
{{ x() }}
{{ x + 1 }}
{{ s + 1 }}
{{ s + x }}
{{ l + 'a' }}
{{ 1 < 'a' }}
{{ x < 1 }}
{{ z|length }}
{{ 5|length }}
{{ x|tojson }}
{{ -x }}
{{ -s }}
{{ 1 // 0 }}
{{ 1 % 0 }}
{{ 'a' in 5 }}
{{ 1 in 'abc' }}
{{ for }}
{{ 'a'.nosuch() }}
{{ l|nosuch }}
{{ l is nosuch }}
{% set x.y = 1 %}
{% set d.y = 1 %}
{% nosuch %}
{% endfor %}
{% for a, b in [1] %}{% endfor %}
{% for a, b in [[1,2,3]] %}{% endfor %}
{% for x in 5 %}{% endfor %}
{% for x in z %}{% endfor %}
{{ range(200000) }}
{{ f(1 }}
{{ [1 }}
{{ {'a' 1} }}
{{ 1 2 }}
{{ a. }}
{{ a[1 }}
{{ 'a'|upper( }}
{% if t %}
{% macro f( %}{% endmacro %}
{% macro f(a=1, b) %}{% endmacro %}
{{ dict(1) }}
{{ '%d' % 'a' }}
{{ '%s %s' % 'a' }}
{{ '%s' % (1,2) }}
{{ 'a'.join([1]) }}
{{ 'abc'.index('z') }}
{{ ''.split('') }}
{{ {[1]: 2} }}
{{ [1,'a']|sort }}
{{ caller() }}
{{ true }} {{ True }} {{ TRUE }} {{ None }} {{ NONE }}
{{ loop }} {{ loop is defined }}
{{ m[0].content.strip().upper() + '!' }} {{ (m|last).content }} {{ m|last|attr('content') }} {{ (m|first)['role'] }}
{{ 10 - 2 - 3 }} {{ 2 - -2 }} {{ +3 }} {{ not not t }} {{ not t == f }} {{ 100 // 7 // 2 }} {{ 2 * 3 % 4 }} {{ 8 / 2 * 2 }}
{{ 1 if 0 else 2 if 0 else 3 }} {{ t and 'x' or 'y' }} {{ e or 'def' }} {{ n and e }} {{ none or none }}
{{ [x] }} {{ {'a': x} }} {{ (x,) }}
{{ s is string and s|length > 3 }} {{ s is defined == true }} {{ 3 is number == true }} {{ 'a' is in 'abc' }} {{ n is divisibleby 5 }}
{%- set tool = {'function': {'name': 'f', 'parameters': {'properties': {'a': {'type': 'string'}}}}} -%}{{ tool.function.parameters.properties|items|list }}{{ tool['function']|tojson(indent=4) }}
'''.strip("\n").replace("\\\n", "\\\0").split("\n")

# Templates that contain line ends.
CASES += [
    "a\n  {% if t %}\n b\n  {% endif %}\nc\n",
    "a\r\n{% if t %}\r\nb{% endif %}\r\n",
    "  {{ n }}  \n  {% set q = 1 %}  \n x",
    "{% for i in l %}\n  {{ i }}\n{% endfor %}\n\n",
    "\n\n{%- if t -%}\n\n x \n\n{%- endif -%}\n\n",
    "{#- a -#}\n{# b #}\nc\n",
    "\t{% if t %}x{% endif %}\t\n",
    "a {%+ if t %} b {%+ endif %} c\n {%+ if t +%}\n d{% endif %}",
    "{% if t %}{% if t %}  \n{% endif %}\n{% endif %}\nx",
    "x\n   {#- c #}\ny",
    "x\n   {# c #}  \ny",
    "{{ 1 }}\n\n",
    "{% raw %}\n{{ a }}\n{% endraw %}\nb",
    "  {% raw %}  x  {% endraw %}  ",
    "{{ n -}}\n\n  z",
    "{{ '}}' }}{{ \"%}\" }}{{ {'a':{'b':1}} }}",
    "{% set x = '%}' %}{{ x }}",
    "{{ '\n' }}|{{ 'a\r\nb' }}",
    "{{ n }}{",
    "{ { n } }",
    "{{{'a':1}.a}}",
    "{{ {'a':1}}}",
    "{%set a=1%}{{a}}",
    "{{n}}}",
    "{%",
    "{{",
    "{{ 'abc }}",
    "{% raw %}x",
    "\u00a0{% if t %}x{% endif %}",
    "a\u2003{%- if t %}x{% endif %}",
]

rows = []
for case in CASES:
    row = {"template": case.replace("\0", "\n")}
    try:
        row["output"] = environment().from_string(row["template"]).render(**json.loads(json.dumps(VARIABLES)))
    except Exception as error:
        row["error"] = type(error).__name__
    rows.append(row)
to = pathlib.Path(__file__).parent.parent / "data/templates/python_cases.json"
to.write_text(json.dumps({"variables": VARIABLES, "cases": rows}, ensure_ascii=True, indent=0) + "\n")
print(len(rows), "cases,", sum("error" in row for row in rows), "of which must fail")
