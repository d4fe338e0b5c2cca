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
{{ 'a' ~ 1 ~ none ~ x ~ 1.0 ~ [1] }} {{ 'a' + 'b' ~ 'c' * 2 }} {{ 1 ~ 3 * 4 }} {{ 2 * 3 ~ 4 }}
{{ 1 + 2 ~ 3 * 4 }}
{{ 2 * 3 ~ 4 + 5 }}
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
{{ [1,2,3,] }} {{ {'a':1,} }} {{ f (1) if false else 'x' }} {{ (l|length) }} {{ l|length + 1 }} {{ l|length|string|length }} {{ 'a' + 1|string }}
{{ -l|length }}
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
{{ 7 % 7 }} {{ -6 % 3 }} {{ 6 // -3 }} {{ -7 // -2 }} {{ -7 % -2 }} {{ 5 // -1 }} {{ 5 % -1 }} {{ 0 ** 0 }} {{ (-3) ** 3 }} {{ 2 ** 62 }} {{ 3 ** 39 }} {{ (-2) ** 63 }} {{ 4 ** -2 }} {{ 0.5 ** 2 }} {{ 1.5 - 0.25 }} {{ 1.5 + 2 }} {{ 2 * 1.5 }} {{ 3 / 1.5 }} {{ 7.0 % 3 }} {{ 7.0 % -3 }} {{ -7.0 // 2 }} {{ 6.0 // 3 }} {{ 6.0 % 3 }} {{ 1e300 // 7e-5 > 1e304 }}
{{ 0 ** -1 }}
{{ 1.0 / 0 }}
{{ 1.0 // 0 }}
{{ 1.0 % 0 }}
{{ 9999999999999998.0 }} {{ 1e16 }} {{ 12345678901234567.0 }} {{ 0.0001 }} {{ 0.00012 }} {{ 0.00009999 }} {{ 0.5e-3 }} {{ 1.4e16 }} {{ -1e16 }} {{ -0.0001 }} {{ -5e-5 }} {{ 100.0 }} {{ 1e2 }} {{ 1E2 }} {{ 1e+2 }} {{ 1.5e-3 }} {{ 1_0.2_5 }} {{ 0xFF }} {{ 0XfF }} {{ 0O7 }} {{ 0B1 }} {{ 0 }} {{ 00 }} {{ 10 }}{{ 0.5 }}
{{ 'inf'|float }} {{ '-inf'|float }} {{ 'nan'|float }} {{ 'nan'|float == 'nan'|float }} {{ ['inf'|float, '-inf'|float]|tojson }} {{ ['nan'|float]|tojson }} {{ 1 < 'nan'|float }} {{ 'nan'|float >= 1 }}
{{ 0.1 + 0.2 }} {{ -0.0 == 0 }} {{ -f }} {{ +f }} {{ +t }} {{ -t }} {{ - 2 ** 2 }} {{ -n|abs }} {{ (-n)|abs }}
{{ 1 <= 1 }}{{ 1 < 1 }}{{ 1 >= 1 }}{{ 1 > 1 }}{{ 2 >= 1 }}{{ 0 >= 1 }}{{ 2 <= 1 }}{{ 0 <= 1 }}{{ 1 != 1 }}{{ 1 != 2 }} {{ 1.5 < 2 }}{{ 2 < 1.5 }}{{ 1.5 >= 1.5 }}{{ 'a' < 'b' }}{{ 'b' < 'a' }}{{ 'a' <= 'a' }}{{ 'a' > 'a' }}{{ 'ab' > 'a' }}{{ 'é' > 'z' }}
{{ [1, 2] < [1, 3] }}{{ [1, 3] < [1, 2] }}{{ [1] < [1, 2] }}{{ [1, 2] < [1] }}{{ [1, 2] <= [1, 2] }}{{ [1, 2] > [1, 2] }}{{ (1, 2) < (2, 1) }}{{ [2] > [1, 9] }}{{ [] < [1] }} {{ [[1], [0, 5]]|sort }} {{ [(2, 'a'), (1, 'b'), (1, 'a')]|sort }}
{{ [1] < (1,) }}
{{ none < none }}
{{ {} < {} }}
{{ 1 < 2 < 3 < 4 }} {{ 1 < 2 > 3 }} {{ 3 > 2 > 1 }} {{ 1 == 1 == 1 }} {{ 1 in [1] in [[1]] }} {{ 'a' not in 'abc' }} {{ 'z' not in 'abc' }} {{ '' in 'abc' }} {{ 'abc' in 'abc' }} {{ 'abcd' in 'abc' }} {{ 2 in (1, 2) }} {{ 9 in (1, 2) }} {{ none in [none] }} {{ 'b' in {'a': 'b'} }}
{{ {'a': 1} == {'a': 2} }}{{ {'a': 1} == {'b': 1} }}{{ {'a': 1} == {'a': 1, 'b': 2} }}{{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }}{{ {1: 2} == {true: 2.0} }} {{ none == none }}{{ x == y }}{{ x == none }}{{ '' == x }}{{ 'a' == 'a' }}{{ 'a' == 'b' }}{{ 'a' == 'ab' }} {{ [x] == [x] }} {{ {} == [] }}
{{ {1: 'a', 1.0: 'b'} }} {{ {true: 1, 1: 2} }} {{ {'a': 1, 'b': 2, 'a': 3} }} {{ {none: 1}[none] }} {{ {1: 'x'}[1] }} {{ {1: 'x'}[true] }} {{ {1.5: 'x'}[1.5] }} {{ {(1, 2): 3} if false else 0 }}
{{ l[0:0] }}{{ l[0:1] }}{{ l[1:1] }}{{ l[2:1] }}{{ l[-2:] }}{{ l[:-1] }}{{ l[-3:-1] }}{{ l[-4:] }}{{ l[-4:2] }}{{ l[:3] }}{{ l[:4] }}{{ l[3:] }}{{ l[::2] }}{{ l[1::2] }}{{ l[::-2] }}{{ l[2::-1] }}{{ l[3::-1] }}{{ l[1::-1] }}{{ l[:1:-1] }}{{ l[0::-1] }}{{ l[-1::-1] }}{{ l[:-3:-1] }}{{ l[:-4:-1] }}{{ l[5::-1] }}{{ l[::3] }}{{ l[::9223372036854775807] }}{{ l[::-9223372036854775807] }}
{{ s[0:0] }}|{{ s[0:1] }}|{{ s[1:2] }}|{{ s[-1:] }}|{{ s[-2:-1] }}|{{ s[12:] }}|{{ s[13:] }}|{{ s[:13] }}|{{ s[:12] }}|{{ s[::3] }}|{{ s[1::5] }}|{{ s[::-4] }}|{{ s[-1:-4:-1] }}|{{ s[12::-6] }}|{{ s[4:1:-1] }}|{{ s[4:1] }}|{{ s[::9223372036854775807] }}|{{ e[:] }}{{ e[::-1] }}{{ s[3] }}{{ s[12] }}{{ s[-13] }}
{{ l[::0] }}
{{ s[::0] }}
{{ l['a':] }}
{{ l[1.5] }}|{{ l[true] }}|{{ s[false] }}|{{ l[1:2][0] }}|{{ (1, 2, 3)[::2] }}|{{ d.n['x'][0] }}|{{ d['q'] }}|{{ d[0] }}|{{ n[0] }}
{{ l[1, 2] }}|{{ {(1, 2)|string: 5}['(1, 2)'] }}
{{ x[0] }}
{{ x[1:] }}
{{ 'abc'.split('') }}
{{ ' a  b  c '.split(none, 0) }} {{ ' a  b  c '.split(none, 1) }} {{ ' a  b  c '.split(none, 2) }} {{ ' a  b  c '.split(none, 3) }} {{ ' a  b  c '.split(none, -1) }} {{ ' a  b  c '.rsplit(none, 0) }} {{ ' a  b  c '.rsplit(none, 1) }} {{ ' a  b  c '.rsplit(none, 2) }} {{ ' a  b  c '.rsplit(none, 3) }} {{ ' a  b  c '.rsplit() }} {{ ''.rsplit() }} {{ '  '.split() }} {{ '  '.rsplit() }} {{ 'é ü'.rsplit(none, 1) }} {{ 'é\u2003ü ö'.rsplit() }}
{{ 'a,b,c'.split(',', 0) }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.split(',', 2) }} {{ 'a,b,c'.split(',', 3) }} {{ 'a,b,c'.split(',', -1) }} {{ 'a,b,c'.rsplit(',', 0) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ 'a,b,c'.rsplit(',', 2) }} {{ 'a,b,c'.rsplit(',') }} {{ 'a--b-c'.rsplit('--') }} {{ 'a::b::c'.rsplit('::', 1) }} {{ ',a,'.split(',') }} {{ ',a,'.rsplit(',') }}
{{ 'a::b::c'.partition('::') }} {{ 'a::b::c'.rpartition('::') }} {{ '::'.partition('::') }} {{ '::'.rpartition('::') }} {{ 'éa'.partition('a') }} {{ 'aé'.rpartition('a') }}
{{ 'a'.partition('') }}
{{ 'a'.rpartition('') }}
{{ '\n\na\n'.splitlines() }} {{ 'a\r\n\r\nb'.splitlines() }} {{ 'a\rb'.splitlines() }} {{ 'é\u2028ü'.splitlines() }} {{ ''.splitlines() }} {{ 'a\tb'.splitlines() }} {{ 'a\x0eb\x1fc\x1bd'.splitlines() }} {{ 'a\x0bb\x0cc\x1cd\x1de\x1ef'.splitlines() }}
{{ 'aXbX'.find('X') }} {{ 'aXbX'.rfind('X') }} {{ 'aXbX'.index('X') }} {{ 'aXbX'.rindex('X') }} {{ 'éXéX'.rfind('X') }} {{ 'éXéX'.rindex('X') }} {{ 'abc'.find('') }} {{ 'abc'.rfind('') }} {{ 'abc'.rfind('z') }} {{ 'abc'.count('z') }} {{ 'abab'.count('ab') }} {{ 'éé'.count('') }} {{ ''.count('') }} {{ ''.find('a') }} {{ 'xyx'.count('x') }}
{{ 'abc'.rindex('z') }}
{{ 'abc'.find(1) }}
{{ 'abc'.count(1) }}
{{ 'abcabc'.replace('b', 'XY') }} {{ 'aaaa'.replace('a', 'b', 0) }} {{ 'aaaa'.replace('a', 'b', 1) }} {{ 'aaaa'.replace('aa', 'b') }} {{ 'aaaa'.replace('aa', 'b', 1) }} {{ 'aaa'.replace('aa', 'b') }} {{ 'é'.replace('', '-') }} {{ 'ab'.replace('', '-', 2) }} {{ ''.replace('', '-') }} {{ 'ab'.replace('ab', '') }} {{ 'a'|replace('a', 'b', 1) }} {{ 'aa'|replace('a', 'b', count=1) }}
{{ 'abc'.startswith('ab') }}{{ 'abc'.startswith('bc') }}{{ 'abc'.endswith('bc') }}{{ 'abc'.endswith('ab') }}{{ 'abc'.startswith(('x', 'a')) }}{{ 'abc'.endswith(('x', 'y')) }}{{ 'abc'.startswith('') }}{{ 'abc'.startswith('abcd') }} {{ 'abc'.removeprefix('bc') }} {{ 'abc'.removesuffix('ab') }} {{ 'abc'.removeprefix('abc') }}{{ 'abc'.removesuffix('abc') }} {{ 'aab'.removeprefix('a') }} {{ 'baa'.removesuffix('a') }}
{{ 'abc'.startswith(1) }}
{{ 'abc'.removeprefix(1) }}
{{ ' ab '.strip() }}|{{ ' ab '.lstrip() }}|{{ ' ab '.rstrip() }}|{{ 'xyabyx'.strip('xy') }}|{{ 'xyabyx'.lstrip('xy') }}|{{ 'xyabyx'.rstrip('xy') }}|{{ '  '.strip() }}|{{ '\u3000é\u2009'.strip() }}|{{ 'ééaé'.strip('é') }}|{{ 'aba'.strip('') }}|{{ '\x1c\x1fa\x85\xa0'.strip() }}|{{ '\u1680a\u2000b\u200ac\u200b'.split() }}|{{ 'a\u2028b\u2029c\u202fd\u205fe\u3000f\x1bg\x08h\x0ei'.split()|length }}
{{ 'ab'.center(2) }}|{{ 'ab'.center(1) }}|{{ 'ab'.center(3) }}|{{ 'ab'.center(4) }}|{{ 'ab'.center(5) }}|{{ 'ab'.center(6) }}|{{ 'a'.center(2) }}|{{ 'a'.center(4) }}|{{ 'a'.center(5) }}|{{ 'é'.center(4, 'ü') }}|{{ 'ab'.ljust(2) }}|{{ 'ab'.ljust(3) }}|{{ 'ab'.rjust(1) }}|{{ 'é'.rjust(3, '-') }}|{{ 'ab'.ljust(-1) }}|{{ ''.zfill(2) }}|{{ '+5'.zfill(4) }}|{{ 'é'.zfill(2) }}|{{ '12'.zfill(2) }}|{{ '12'.zfill(1) }}|{{ '-'.zfill(3) }}|{{ 'a-5'.zfill(5) }}
{{ 'a'.center(4, 'xy') }}
{{ 'a'.rjust(4, '') }}
{{ 'héLLo wörld'.title() }} {{ 'héLLo'.capitalize() }} {{ 'ÉA'.swapcase() }} {{ "they're bill's"|title }} {{ "they're".title() }} {{ 'a1b'.title() }} {{ 'ab<cd{ef[gh(ij-kl'|title }} {{ 'ab\tcd\nef'|title }} {{ 'a_b.c'|title }} {{ ''.capitalize() }} {{ 'ß'.upper() }} {{ 'ẞ'.lower() }} {{ 'Ǆ'.lower() }}
{{ 'a'.isalpha() }}{{ 'a1'.isalpha() }}{{ ''.isalpha() }}{{ 'é'.isalpha() }} {{ '1'.isdigit() }}{{ 'a'.isdigit() }}{{ '½'.isdigit() }} {{ '½'.isnumeric() }}{{ '1'.isnumeric() }}{{ 'a'.isnumeric() }} {{ '1'.isdecimal() }}{{ '½'.isdecimal() }} {{ 'a1'.isalnum() }}{{ 'a-'.isalnum() }}{{ '½'.isalnum() }} {{ ' \t'.isspace() }}{{ ' a'.isspace() }}{{ ''.isspace() }} {{ 'AB'.isupper() }}{{ 'Ab'.isupper() }}{{ '1'.isupper() }}{{ 'A1'.isupper() }} {{ 'ab'.islower() }}{{ 'aB'.islower() }}{{ '1'.islower() }}{{ ''.islower() }}
{{ '%s' % 5 }} {{ '%5s|%-5s|%.2s|%5.1s|' % ('ab', 'ab', 'abc', 'xyz') }} {{ '%+d %+d %d' % (1, -1, -1) }} {{ '%05d|%-05d|%5d|%+5d|%05.1f|%5s' % (42, 42, 42, 42, 2.25, 'é') }} {{ '%i %u %x %x' % (1, 2, 255, 16) }} {{ '%f' % 1 }} {{ '%.0f %.1f %.3f %F' % (2.5, 2.25, 1, 1.5) }} {{ '%+.1f %+.1f' % (1.0, -1.0) }} {{ '%d' % 2.9 }} {{ '%d' % -2.9 }} {{ '%d' % true }} {{ '%r %r' % ('a', 1) }} {{ '%%' % () }} {{ '%d%%' % 5 }} {{ 'a%sb%sc' % (1, 2) }}
{{ '%(a)s %(b)d' % {'a': 'x', 'b': 3} }} {{ '%(a)5.1f|' % {'a': 2.25} }} {{ '%s' % {'a': 1} }} {{ '%s' % (none,) }} {{ 'x' % {} }} {{ 'x' % [] }} {{ '%3d|%03d|%3s|%03s' % (1, 1, 1, 1) }} {{ '%.5s|' % 'abc' }} {{ '%.0s|' % 'abc' }} {{ '%4d|%3d|%2d|' % (-12, -12, -12) }}
{{ '%(a)s' % {'b': 1} }}
{{ '%(a' % {'a': 1} }}
{{ '%(a)s' % 5 }}
{{ '%' % 5 }}
{{ '%5' % 5 }}
{{ 'x' % 5 }}
{{ 'x' % (5,) }}
{{ '%s%s' % (1,) }}
{{ '%d' % none }}
{{ '{} {} {}'.format(1, 2, 3) }} {{ '{0}{1}{0}'.format('a', 'b') }} {{ '{a}{b}'.format(b=1, a=2) }} {{ '{}{a}'.format(1, a=2) }} {{ 'x{{y}}z'.format() }} {{ '{{{}}}'.format(1) }} {{ ''.format() }} {{ '{2}'.format(1, 2, 3) }} {{ 'é{}ü'.format('ö') }}
{{ '{}'.format() }}
{{ '{1}'.format(1) }}
{{ '{'.format() }}
{{ '}'.format() }}
{{ 'a{b'.format(b=1) }}
{{ range(0, 10, 3)|list }} {{ range(10, 0, -3)|list }} {{ range(3, 3)|list }} {{ range(4, 3)|list }} {{ range(3, 4)|list }} {{ range(-2, 2)|list }} {{ range(0, 9, 3)|list }} {{ range(0, 1, 5)|list }} {{ range(9223372036854775806, 9223372036854775807)|list }} {{ range(9223372036854775800, 9223372036854775807, 5)|list }} {{ range(-3)|list }}
{{ range(1, 2, 0) }}
{{ range() }}
{{ range('a') }}
{{ dict(**{'a': 1}) }} {{ dict({'a': 1}, a=2) }} {{ dict([('a', 1), ('b', 2)], c=3) }} {{ dict(['ab']) }} {{ dict() }} {{ namespace(a=1).a }} {{ namespace({'b': 2}).b }}
{{ dict([('a', 1, 2)]) }}
{{ dict(1, 2) }}
{{ d.get('a') }}{{ d.get('q') }}{{ d.get('q', 7) }}{{ d.get('a', 7) }} {{ d.keys()|list }} {{ {'a': 1, 'b': 2}.values()|list }} {{ {'a': 1}.items()|list }} {{ {'a': 1}.copy() }} {{ l.index(1) }}{{ l.index(3) }} {{ [1, 2, 1].count(1) }}{{ [1].count(5) }} {{ (1, 2).index(2) }} {{ [1].copy() }} {{ (1, 1).count(1) }}
{{ l.index(9) }}
{{ d.get() }}
{{ d.keys(1) }}
{% for a in l %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.previtem }}|{{ loop.nextitem }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.length }}{{ loop.cycle(1, 2) }};{% endfor %}
{% for a in l %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{{ loop.nosuch is defined }}{% break %}{% endfor %}
{% for a in [] %}x{% else %}none{% endfor %}{% for a in l %}{% else %}none{% endfor %}|{% for a in l if a > 5 %}{% else %}empty{% endfor %}{% for a in l if a > 1 %}{{ loop.length }}{{ loop.nextitem }}{% endfor %}
{% for a in l %}{% for b in l %}{% if b == 1 %}{% continue %}{% endif %}{% if a == 1 %}{% break %}{% endif %}{{ a }}{{ b }} {% endfor %}{% endfor %}
{% for k, (a, b) in [(1, (2, 3))] %}{{ k }}{{ a }}{{ b }}{% endfor %}
{% for a in 1, 2 %}{{ a }}{% endfor %}
{% for a in (l if t else []) %}{{ a }}{% endfor %}
{% for (a), b in [(1, 2)] %}{{ a }}{{ b }}{% endfor %}
{% for a in l: %}{{ a }}{% endfor %}
{% break %}
{% continue %}
{% for a in l %}{% macro q() %}{% break %}{% endmacro %}{% endfor %}
{% for a l %}{% endfor %}
{% for true in l %}{% endfor %}
{% for a.b, c in l %}{% endfor %}
{% set none = 1 %}
{% set a %}{% endset
{% set a, b %}12{% endset %}{{ a }}-{{ b }}{% set (c, d2), e2 = ((1, 2), 3) %}{{ c }}{{ d2 }}{{ e2 }}{% set q = 1, 2 %}{{ q }}{% set r = (1) %}{{ r }}{% set u | trim | upper %} ab {% endset %}{{ u }}|
{% set a, b = 1 %}
{% set a, b = [1] %}
{% set a, b = [1, 2, 3] %}
{% if 0 %}a{% elif 1 %}b{% elif 1 %}c{% else %}d{% endif %}{% if 0 %}a{% else %}b{% endif %}{% if 0, %}tuple{% endif %}{% if '' %}x{% elif [] %}x{% elif {} %}x{% elif 0.0 %}x{% elif none %}x{% elif x %}x{% else %}all false{% endif %}{% if [0] and {0: 0} and 'a' and 0.1 %}all true{% endif %}
{% if %}{% endif %}
{% if 1 %}a{% else %}b{% else %}c{% endif %}
{% if 1 %}a{% elif %}b{% endif %}
{% endif %}
{% else %}
{% macro f(a, b=1) %}{{ a }}{{ b }}{% endmacro %}{{ f(1, 2) }}{{ f(a=3) }}{{ f(b=4, a=5) }}{{ f(*[6, 7]) }}{{ f(**{'a': 8, 'b': 9}) }}{{ f(*[1], **{'b': 2}) }}{{ f(1, *[2]) }}{{ f() }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, a=2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(b=2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(*5) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(**5) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(a=1, 2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(**{}, 2) }}
{% macro f %}{% endmacro %}
{% macro f(a,) %}{{ a }}{% endmacro %}{{ f(1,) }}
{% macro f() %}{{ caller('x') }}{{ caller('y') }}{% endmacro %}{% call(u) f() %}<{{ u }}>{% endcall %}{% macro g(a) %}{{ a }}{{ caller() }}{% endmacro %}{% call g(5) %}!{% endcall %}
{% call 5 %}{% endcall %}
{% call f %}{% endcall %}
{% with %}{{ n }}{% endwith %}{% with a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}{% endwith %}{{ a is defined }}
{% with a %}{% endwith %}
{% filter trim|upper %} a {% endfilter %}|{% filter indent(2, true) %}a{% endfilter %}|{% set ns = namespace(a=0) %}{% filter upper %}{% set ns.a = 1 %}b{% endfilter %}{{ ns.a }}
{% filter %}{% endfilter %}
{{ m|join(', ', attribute='role') }} {{ m|map(attribute='role')|unique|list }} {{ m|unique(attribute='role')|map(attribute='content')|list }} {{ ['a', 'A']|unique|list }} {{ ['a', 'A']|unique(case_sensitive=true)|list }} {{ ['b', 'A']|min }}{{ ['b', 'A']|max }}{{ ['b', 'A']|min(case_sensitive=true) }}{{ ['b', 'A']|max(case_sensitive=true) }} {{ [{'q': 2}, {'q': 1}]|min(attribute='q') }}{{ [{'q': 2}, {'q': 1}]|max(attribute='q') }} {{ []|min }}{{ []|max }} {{ [2, 2]|max }}
{{ ['b', 'A', 'c']|sort(case_sensitive=true) }} {{ ['b', 'A', 'c']|sort }} {{ ['b', 'A', 'c']|sort(true) }} {{ [{'q': 2}, {'q': 1}]|sort(attribute='q') }} {{ [{'q': 'b', 'k': 1}, {'q': 'B', 'k': 0}, {'q': 'a', 'k': 2}]|sort(attribute='q')|map(attribute='k')|list }} {{ [3, 1, 2]|sort(reverse=true) }} {{ [[1, 2], [0, 5]]|sort(attribute=1) }} {{ [[1, 2], [0, 5]]|sort(attribute='1') }}
{{ {'b': 1, 'A': 2, 'c': 0}|dictsort }} {{ {'b': 1, 'A': 2, 'c': 0}|dictsort(true) }} {{ {'b': 1, 'A': 2, 'c': 0}|dictsort(by='value') }} {{ {'b': 1, 'A': 2, 'c': 0}|dictsort(reverse=true) }} {{ {'b': 1, 'A': 2, 'c': 0}|dictsort(false, 'value', true) }}
{{ {'a': 1}|dictsort(by='x') }}
{{ l|dictsort }}
{{ l|sum(start=10) }} {{ [{'q': 2}, {'q': 1}]|sum(attribute='q') }} {{ [{'q': 2}]|sum('q', 5) }} {{ []|sum }} {{ [1.5, 1]|sum }} {{ [[1], [2]]|sum(start=[]) }}
{{ ['a']|sum }}
{{ (1, 2)|reverse|list }} {{ 'é🙂a'|reverse }} {{ 'ab'|list }} {{ 'ab'|first }}{{ 'ab'|last }} {{ ''|first }}{{ []|last }} {{ {'a': 1, 'b': 2}|first }} {{ {'a': 1, 'b': 2}|length }} {{ (1, 2)|count }} {{ (1,)|list }} {{ 'é🙂'|length }}
{{ 5|list }}
{{ 5|reverse }}
{{ 5|first }}
{{ -2.5|abs }} {{ 0|abs }} {{ true|abs }} {{ 2.5|round }} {{ 0.5|round }} {{ 1.5|round }} {{ -2.5|round }} {{ 2.675|round(2) }} {{ 1234.5678|round(1) }} {{ 2.45|round(1, 'floor') }} {{ 2.41|round(1, 'ceil') }} {{ 2.9|round(0, 'floor') }} {{ 5|round(1) }} {{ 7|round(0, 'ceil') }} {{ 1.23456789012345|round(14) }}
{{ 'a'|abs }}
{{ 'a'|round }}
{{ 1.5|round(1, 'up') }}
{{ '42'|int }} {{ '-42'|int }} {{ '+42'|int }} {{ ' 42\n'|int }} {{ '4 2'|int(9) }} {{ ''|int(9) }} {{ '3.99'|int }} {{ '-3.99'|int }} {{ '1e2'|int }} {{ 'ff'|int(0, 16) }} {{ '0xff'|int(0, 16) }} {{ 'z'|int(0, 36) }} {{ '11'|int(0, 2) }} {{ '12'|int(7, 2) }} {{ none|int(3) }} {{ [1]|int(4) }} {{ 3.7|int }} {{ -3.7|int }} {{ true|int }} {{ '9223372036854775807'|int }} {{ '0b2'|int(5, 2) }} {{ '0o8'|int(5, 8) }}
{{ '1.5'|float }} {{ '-1.5'|float }} {{ '+1.5'|float }} {{ ' 1.5 '|float }} {{ '1.5x'|float(2.5) }} {{ ''|float(9) }} {{ none|float }} {{ none|float(3) }} {{ 'x'|float }} {{ 2|float }} {{ true|float }} {{ '.5'|float }} {{ '5.'|float }} {{ '1e3'|float }}
{{ 'a\nb'|indent }}|{{ 'a\nb'|indent(first=true) }}|{{ 'a\n\nb'|indent(1, false, true) }}|{{ 'a\n\nb'|indent(1) }}|{{ 'a\n\nb'|indent('>>', true, true) }}|{{ ''|indent(2, true) }}|{{ 'a\r\nb'|indent(2) }}|{{ 'a'|indent(0, true) }}|{{ 'a\nb\n'|indent(2) }}|
{{ [1, [2, {'a': [], 'b': {}}]]|tojson(indent=2) }} {{ []|tojson(indent=2) }} {{ {}|tojson(indent=2) }} {{ {'a': 1, 'b': 2}|tojson(indent=0) }} {{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }} {{ {'b': 1, 'a': 2}|tojson }} {{ [1]|tojson(indent='--') }} {{ [1, 2]|tojson(separators=('; ', '=')) }} {{ {'a': 1, 'b': 2}|tojson(separators=('; ', '=')) }} {{ {'a': 1, 'b': [2]}|tojson(indent=1, separators=(',', ' : ')) }}
{{ "\x00\x1f\x20\x7e\x7f\x80é\u07ff\u0800\uffff\U00010000\U0010ffff\"\\\n\r\t\f\b/"|tojson }} {{ "\x1f\x7e\x7f\x80é\uffff\U00010000\U0001f642\U0010ffff\"\\\n\r\t\f\b/"|tojson(ensure_ascii=true) }} {{ {1: 2, 1.5: 3, true: 4, none: 5}|tojson }} {{ 'a'|tojson }} {{ 5|tojson }} {{ none|tojson }} {{ true|tojson }}{{ false|tojson }} {{ 1.0|tojson }} {{ 1e100|tojson }} {{ (1, 2)|tojson }}
{{ range|tojson }}
{{ {(1, 2): 3}|tojson }}
{{ ["\x00\x1f ~\x7f\x80\xa0\xadé", "\u0378\u200b\u2028\ue000\ufeff\uffff", "\U0001f642\U000e0001\U0010ffff", "\t\n\r\\", "'", '"', "'\""] }} {{ "it's" }} {{ ["it's"] }} {{ [true, false, none, 1, 1.5, 'a', [], {}, ()] }} {{ {'a': [1], 2: (3,)} }} {{ (1, 2) }} {{ [namespace()] is iterable }}
{{ '&<>"\''|e }} {{ 'a&b'|escape }} {{ '&&'|e }} {{ 'plain'|e }} {{ 5|e }} {{ 'a<b'|safe }}
{{ [0, 1, '', 'a', none]|select|list }} {{ [0, 1, '', 'a', none]|reject|list }} {{ [1, 2, 3, 4]|select('even')|list }} {{ [1, 2, 3, 4]|reject('odd')|list }} {{ [1, 2, 3]|select('ne', 2)|list }} {{ m|selectattr('role')|list|length }} {{ m|rejectattr('role')|list|length }} {{ m|selectattr('role', 'ne', 'user')|map(attribute='content')|list }} {{ m|rejectattr('role', 'equalto', 'user')|map(attribute='content')|list }} {{ m|rejectattr('q')|list|length }}
{{ m|selectattr|list }}
{{ l|select(5)|list }}
{{ l|map(5)|list }}
{{ m|selectattr('role', 5)|list }}
{% if 1 if 1 else 0 %}y{% endif %}
{{ l|map|list }}
{{ l|map('nosuch')|list }}
{{ l|select('nosuch')|list }}
{{ [['a', 'b']]|map('join', '-')|list }} {{ [['a', 'b']]|map('first')|list }} {{ m|map(attribute='content')|map('trim')|list }} {{ m|map(attribute='q', default=0)|list }} {{ ['1', 'x']|map('int', 7)|list }} {{ [[1, [2]]]|map(attribute='1.0')|list }} {{ [{'a': 1}]|map(attribute='a')|first }}
{{ 5 is divisibleby(5) }}{{ 5 is divisibleby(2) }}{{ 0 is divisibleby(3) }}{{ 3 is odd }}{{ 4 is odd }}{{ 3 is even }}{{ -3 is odd }} {{ 1 is eq 1 }}{{ 1 is eq 2 }}{{ 1 is ne 1 }}{{ 1 is ne 2 }} {{ 1 is lt 1 }}{{ 0 is lt 1 }}{{ 1 is le 1 }}{{ 2 is le 1 }}{{ 1 is gt 1 }}{{ 2 is gt 1 }}{{ 1 is ge 1 }}{{ 0 is ge 1 }}{{ 1 is lessthan 2 }}{{ 1 is greaterthan 2 }} {{ 'a' is in ['b'] }}{{ 'a' is in 'abc' }} {{ [1] is sameas [1] }}{{ l is sameas l }}{{ d is sameas d }}{{ true is sameas true }}{{ none is sameas none }}{{ 1 is sameas 1.0 }}
{{ none is none }}{{ 0 is none }} {{ 'a' is string }}{{ 1 is string }} {{ {} is mapping }}{{ [] is mapping }} {{ [] is iterable }}{{ 'a' is iterable }}{{ 5 is iterable }}{{ {} is iterable }} {{ [] is sequence }}{{ 5 is sequence }} {{ true is boolean }}{{ 1 is boolean }} {{ true is true }}{{ false is true }}{{ 1 is true }} {{ false is false }}{{ true is false }}{{ 0 is false }} {{ 1 is number }}{{ 1.5 is number }}{{ 'a' is number }}{{ true is number }} {{ 1 is integer }}{{ 1.5 is integer }}{{ true is integer }} {{ 1.5 is float }}{{ 1 is float }} {{ range is callable }}{{ 1 is callable }} {{ 'a' is escaped }} {{ x is defined }}{{ n is defined }}{{ x is undefined }}{{ n is undefined }} {{ 'AB' is upper }}{{ 'aB' is upper }}{{ 'ab' is lower }}{{ 'aB' is lower }}
{{ 'a' is odd }}
{{ 5 is divisibleby 0 }}
{{ 1 is eq }}
{{ 1 is in 5 }}
{{ 1 is odd is even }}
{{ 'x' 'y'.upper() }} {{ ('x' 'y').upper() }} {{ 'a'|upper ~ 'b' }} {{ 1 if t else 2|string }} {{ not t and t }} {{ not (t and t) }} {{ t or x.y.z }} {{ e and x.y.z }} {{ n == 5 and f == 2.5 or z }} {{ n in l or n not in l }} {{ (n, f)|length }} {{ [n, f][1] }} {{ {'a': n}['a'] }} {{ {'a': n}.a }} {{ -n + 1 }} {{ -(n + 1) }} {{ 2 - 1 - 1 }} {{ 2 ** -1 ** 2 }} {{ 8 // 3 * 2 }} {{ 1 if f > 2 and n < 9 else 0 }}
{{ "\x41\u0042\U00000043\103\7\a\b\f\v\0" == 'ABC\x07\x07\x08\x0c\x0b\x00' }} {{ '\'' }}{{ "\"" }}{{ '\\n' }}{{ '\z' }} {{ '\1234' == 'S4' }} {{ '\18' == '\x018' }} {{ 'a\
b' }}
{{ '\x' }}
{{ '\x4' }}
{{ '\u12' }}
{{ '\U00110000' }}
{{ 5.real if false else 5 }} {{ l.0 }} {{ l.1 + l.2 }} {{ d.n.x.0 }} {{ n.bit_length if false else n }}
{{ () }} {{ (,) }}
{{ (1,)|length }} {{ (1, 2,) }} {{ 1, 2 }} {{ 1, }} {{ [] }} {{ {} }} {{ [[]] }} {{ {'a': {}} }}
{{ [,] }}
{{ {,} }}
{{ {1} }}
{{ f(,) }}
{{ l[] }}
{{ 1 + }}
{{ * 1 }}
{{ 1 ! 2 }}
{{ a b }}
{{ a is }}
{{ a | }}
{{ a.1b }}
{{ 'a'.b.c }}
{{ ) }}
{{ (] }}
{{ [) }}
{{ {] }}
{{ }}
{% %}
{% 5 %}
{{ 1 = 2 }}
{{ $ }}
{{ é }}{{ ünï is defined }}{% set ünï = 1 %}{{ ünï }}{{ _a is defined }}{% set A1_z = 2 %}{{ A1_z }}
{{ 1 -}}   {{- 2 }}   {{- 3 -}}{{ 4 }}
{#- a -#} b {# c #}d{#+ e +#} f
{%- raw %} {{ a }} {% endraw -%} b {% raw -%} c {%- endraw %}d
{% raw %}{% raw %}{% endraw %}{%raw%}x{%endraw%}{% raw %}{% endraw %}{% raw %}{# {% x %} }}{% endraw %}
{% raw x %}{% endraw %}
{# a
{%- if t -%} a {%- endif -%} b {% if t -%} c {%- endif %} d
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
    "a\n  {%- if t %}\n b\n{%- endif %}\nc",
    "a\n  {%+ if t %}b{% endif %}\n\n\nc\n",
    "  {% if t %}a{% endif %}  {% if t %}b{% endif %}\n  c",
    "{% if t +%}\na{% endif +%}\nb",
    "a\n{# c #}\n  {# d #}\nb",
    "a\n  {#+ c #}b\n {#- d +#}\ne",
    "a\n  {{ n }}\n  {{- n }}\n",
    "a\r\rb\r\n\n{{ n }}\r",
    "\n{% raw %}\n a\n  {% endraw %}\nb",
    "x\n  {% raw -%}\n a\n  {%- endraw +%}\nb",
    "x\n  {%- raw %}\n a{% endraw -%}\n  b",
    "  {{ '\\\n' }}{# '}}' #}{{ 1 }}",
    "{% for a in l -%}\n  {{ a }}\n{%- endfor %}\n.",
    "{{ {'a': '}}'}['a'] }}{{ '{{' }}{{ '{%' }}",
    "{",
    "a{",
    "{x{{ n }}{#c#}{",
    "a\n\n",
    "\n",
    "",
    "{{ n }}\n{{ n }}\n\n",
    "{% if t %}\n{{ n }}\n{% endif %}\n",
    "\t {% set a = 1 %} \n\t {{ a }}",
    "a {% set b = 1 %}\nc",
    "a\u2028  {% if t %}b{% endif %}",
    "é{{ n }}ü{# ö #}ä",
]

def rendered(template):
    row = {"template": template}
    try:
        row["output"] = environment().from_string(template).render(**json.loads(json.dumps(VARIABLES)))
    except Exception as error:
        row["error"] = type(error).__name__
    return row


folder = pathlib.Path(__file__).parent.parent / "data/templates"
rows = [rendered(case.replace("\0", "\n")) for case in CASES]
(folder / "python_cases.json").write_text(json.dumps({"variables": VARIABLES, "cases": rows}, indent=0) + "\n")
print(len(rows), "cases,", sum("error" in row for row in rows), "of which must fail")

# ---- every operator, filter, method and test with many values: one expression per case

VALUES = ["-3", "0", "2", "2.5", "-0.5", "true", "none", "'ab'", "''", "'2'", "[1, 2]", "[]", "(1,)", "{'a': 1}", "x"]
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
TESTS = ["boolean", "callable", "defined", "even", "false", "float", "integer", "iterable", "lower", "mapping", "none",
         "number", "odd", "sequence", "string", "true", "undefined", "upper"]
FILTERS = ["abs", "capitalize", "count", "d", "d('q')", "d('q', true)", "default('q', boolean=true)", "dictsort", "e",
           "first", "float", "float(1.5)", "indent", "int", "int(7)", "items|list", "join('-')", "last", "length", "list",
           "lower", "max", "min", "reverse|list", "round", "select|list", "reject|list", "sort", "string", "sum", "title",
           "tojson", "trim", "unique|list", "upper"]
TEXTS = ["''", "'a'", "'aba'", "' a b  c '", "'a,b,,c'", "'\u00e9t\u00e9 \U0001f642'", "'\\n a\\r\\nb\\n'", "'Ab1'", "'-5'", "'+5'"]
METHODS = ["capitalize()", "casefold()", "center(5)", "center(6, '*')", "center(7, '*')", "center(2)", "center(0)",
           "count('a')", "count('')", "count('aba')", "count('zz')", "endswith('a')", "endswith(('b', 'c '))",
           "endswith('')", "endswith(())", "find('a')", "find('b')", "find('')", "find('zz')", "index('a')", "isalnum()", "isalpha()",
           "isdecimal()", "isdigit()", "islower()", "isnumeric()", "isspace()", "isupper()", "join(['x', 'y', 'z'])",
           "join([])", "join('xy')", "ljust(4)", "ljust(9, '.')", "ljust(1)", "lower()", "lstrip()", "lstrip('a')",
           "lstrip('ab ')", "lstrip('')", "partition('a')", "partition(',')", "partition(' ')", "partition('zz')",
           "removeprefix('a')", "removeprefix('b')", "removeprefix('')", "removesuffix('a')", "removesuffix('b')",
           "removesuffix('')", "replace('a', 'X')", "replace('a', '')", "replace('a', 'X', 1)", "replace('a', 'X', 0)", "replace('', '-')",
           "replace('', '-', 2)", "replace('ab', 'ba')", "replace(',', 'aa', 2)", "rfind('a')", "rfind('b')",
           "rfind('')", "rfind('zz')", "rindex('a')", "rjust(4)", "rjust(9, '.')", "rjust(1)", "rpartition('a')",
           "rpartition(',')", "rpartition(' ')", "rpartition('zz')", "rsplit()", "rsplit(',')", "rsplit(none, 1)", "rsplit(none, 0)",
           "rsplit(none, 2)", "rsplit('a', 1)", "rsplit('a', 0)", "rsplit('ba')", "rsplit(',', 2)", "rstrip()", "rstrip('a')",
           "rstrip('ab ')", "split()", "split(',')", "split(none, 1)", "split(none, 0)", "split(none, 2)", "split(none, 3)", "split('a', 1)", "split('a', 0)",
           "split('ba')", "split(',', 2)", "split(',', 9)", "splitlines()", "startswith('a')", "startswith((' ', 'b'))",
           "startswith('')", "strip()", "strip('a')", "strip('ab ')", "swapcase()", "title()", "upper()", "zfill(0)",
           "zfill(2)", "zfill(3)", "zfill(7)"]
LISTS = ["[]", "[1]", "[3, 1, 2, 1]", "['b', 'A', 'a', 'B']", "[{'k': 2, 'v': 'b'}, {'k': 1, 'v': 'a'}, {'k': 2, 'v': 'A'}]",
         "[[2, 'x'], [1, 'y']]", "'bca'"]
LIST_FILTERS = ["sort", "sort(true)", "sort(reverse=true)", "sort(case_sensitive=true)", "sort(attribute='k')",
                "sort(true, true)", "sort(attribute=0)", "sort(attribute='v')", "sort(attribute='v', case_sensitive=true)",
                "sort(attribute='k', reverse=true)", "unique|list", "unique(true)|list", "unique(attribute='k')|list",
                "unique(attribute='v')|list", "unique(true, 'v')|list", "unique(attribute=0)|list", "min", "max", "min(true)", "max(true)", "min(attribute='k')",
                "max(attribute='k')", "min(attribute='v')", "max(attribute='v')", "max(attribute=1)", "sum", "sum(start=5)", "sum(attribute='k')",
                "sum(attribute=0)", "sum('k', 3)", "join", "join(', ')", "join('|', 'k')", "join('|', attribute=0)", "map(attribute='k')|list",
                "map(attribute='q', default=9)|list", "map(attribute=0)|list", "map('length')|list", "map('upper')|list", "map('string')|map('int', 5)|list",
                "map('default', 3)|list", "select('odd')|list", "reject('odd')|list", "select('gt', 1)|list", "select('string')|list", "reject('string')|list",
                "selectattr('k')|list", "rejectattr('k')|list", "selectattr('k', 'eq', 2)|list", "rejectattr('k', 'eq', 2)|list",
                "selectattr('q')|list", "rejectattr('q')|list", "selectattr('q', 'defined')|list", "selectattr('v', 'lower')|list", "selectattr(0)|list", "first", "last", "length", "reverse|list",
                "list", "tojson", "tojson(indent=1)", "string", "count", "map('first')|list", "map('last')|list", "map('reverse')|map('list')|list"]
NUMBERS = ["0", "7", "-7", "2.5", "-2.5", "3.5", "0.05", "123.456", "1e20", "-0.0", "true", "'12'", "' -12.5 '", "'1f'", "'0x1f'", "''", "none", "x"]
NUMBER_FILTERS = ["abs", "int", "int(3)", "int(3, 16)", "int(3, 0)", "int(3, 8)", "int(3, 36)", "int(3, 2)", "float", "float(0.25)", "round", "round(1)", "round(2)",
                  "round(0, 'ceil')", "round(0, 'floor')", "round(1, 'ceil')", "round(1, 'floor')", "round(2, 'common')", "string", "tojson", "length", "trim"]
FORMATS = ["%d", "%5d", "%-5d", "%05d", "%+d", "% d", "%x", "%s", "%5s", "%-5s", "%.1s", "%r", "%f", "%.0f", "%.2f", "%8.3f", "%-8.1f", "%08.2f", "%+.1f",
           "%%", "%i", "%u", "a%sb%%", "%", "%q", "%5", "%(a)s", "%s%s", "%.3d", "%5.3d", "%05.3d", "%05r", "%-05d"]
FORMATTED = ["5", "-5", "0", "2.5", "-2.75", "'ab'", "true", "none", "[1]", "(3,)", "(1, 2)", "{'a': 7}", "1e10", "9223372036854775807"]
RANGES = ["0", "1", "-1", "5", "-5", "2, 5", "5, 2", "0, 10, 3", "0, 9, 3", "10, 0, -3", "9, 0, -3", "-3, 3", "3, -3, -1", "1, 2, 0", "0, 5, 9", "0, 5, -1", "2, 2", "1.5", "'a'", "1, 2, 3, 4", ""]
ENDS = ["", "-6", "-5", "-4", "-1", "0", "1", "4", "5", "6"]


def grid():
    for a in VALUES:
        for op in OPERATORS:
            for b in VALUES:
                yield f"{a} {op} {b}"
        for test in TESTS:
            yield f"{a} is {test}"
        for sign in ["-", "+", "not "]:
            yield f"{sign}({a})"
        for f in FILTERS:
            yield f"{a}|{f}"
    for some, of in [(TEXTS, METHODS)]:
        for a in some:
            for f in of:
                yield f"{a}.{f}"
    for some, of in [(LISTS, LIST_FILTERS), (NUMBERS, NUMBER_FILTERS)]:
        for a in some:
            for f in of:
                yield f"({a})|{f}"
    for f in FORMATS:
        for a in FORMATTED:
            yield f"'{f}' % {a}"
    for r in RANGES:
        yield f"range({r})|list"
    for first in ENDS:
        for last in ENDS:
            for step in ["", "-2", "-1", "1", "2", "5"]:
                yield f"'abcde'[{first}:{last}:{step}] ~ [0, 1, 2, 3, 4][{first}:{last}:{step}]"


# What r1 does in another way: it has no complex numbers and no integers beyond 64 bits, no minus before a nought that a
# division leaves, converts what a filter of texts or numbers is given, and refuses to order what is undefined.
DIFFERENT = set(r"""
-3 ** 2.5
-3 ** -0.5
-3|indent
0 // -0.5
0 % -0.5
0 ** -0.5
0|indent
0|select|list
0|reject|list
2 % -0.5
2|indent
2.5 % -0.5
2.5 is even
2.5 is odd
2.5|indent
-0.5 ** 2.5
-0.5 ** -0.5
-0.5 is even
-0.5 is odd
-0.5|indent
true % -0.5
true|indent
none|indent
none|select|list
none|reject|list
'ab' % x
'' % x
'2' % x
[1, 2] in {'a': 1}
[1, 2] not in {'a': 1}
[1, 2]|indent
[] in {'a': 1}
[] not in {'a': 1}
[]|indent
(1,)|indent
{'a': 1} in {'a': 1}
{'a': 1} not in {'a': 1}
{'a': 1}|indent
x is callable
x|float
x|float(1.5)
x|indent
x|int
x|int(7)
([3, 1, 2, 1])|sort(attribute='k')
([3, 1, 2, 1])|sort(attribute=0)
([3, 1, 2, 1])|sort(attribute='v')
([3, 1, 2, 1])|sort(attribute='v', case_sensitive=true)
([3, 1, 2, 1])|sort(attribute='k', reverse=true)
(['b', 'A', 'a', 'B'])|sort(attribute='k')
(['b', 'A', 'a', 'B'])|sort(attribute='v')
(['b', 'A', 'a', 'B'])|sort(attribute='v', case_sensitive=true)
(['b', 'A', 'a', 'B'])|sort(attribute='k', reverse=true)
([{'k': 2, 'v': 'b'}, {'k': 1, 'v': 'a'}, {'k': 2, 'v': 'A'}])|sort(attribute=0)
([{'k': 2, 'v': 'b'}, {'k': 1, 'v': 'a'}, {'k': 2, 'v': 'A'}])|unique|list
([{'k': 2, 'v': 'b'}, {'k': 1, 'v': 'a'}, {'k': 2, 'v': 'A'}])|unique(true)|list
([[2, 'x'], [1, 'y']])|sort(attribute='k')
([[2, 'x'], [1, 'y']])|sort(attribute='v')
([[2, 'x'], [1, 'y']])|sort(attribute='v', case_sensitive=true)
([[2, 'x'], [1, 'y']])|sort(attribute='k', reverse=true)
([[2, 'x'], [1, 'y']])|unique|list
([[2, 'x'], [1, 'y']])|unique(true)|list
('bca')|sort(attribute='k')
('bca')|sort(attribute='v')
('bca')|sort(attribute='v', case_sensitive=true)
('bca')|sort(attribute='k', reverse=true)
(1e20)|int
(1e20)|int(3)
(1e20)|int(3, 16)
(1e20)|int(3, 0)
(1e20)|int(3, 8)
(1e20)|int(3, 36)
(1e20)|int(3, 2)
(-0.0)|round(0, 'ceil')
(-0.0)|round(0, 'floor')
(-0.0)|round(1, 'ceil')
(-0.0)|round(1, 'floor')
(x)|int
(x)|int(3)
(x)|int(3, 16)
(x)|int(3, 0)
(x)|int(3, 8)
(x)|int(3, 36)
(x)|int(3, 2)
(x)|float
(x)|float(0.25)
""".strip().split("\n"))

# A case is an expression and its output, or an expression alone if it must fail. Names of Python's own objects, such as
# "<generator object ...>", are left out.
rows = []
for expression in grid():
    if expression in DIFFERENT:
        continue
    row = rendered("{{ " + expression + " }}")
    if " object at " not in row.get("output", ""):
        rows.append([expression, row["output"]] if "output" in row else [expression])
lines = ",\n".join(json.dumps(row) for row in rows)
(folder / "python_grid.json").write_text("{\"cases\": [\n" + lines + "\n]}\n")
print(len(rows), "expressions,", sum(len(row) == 1 for row in rows), "of which must fail")
