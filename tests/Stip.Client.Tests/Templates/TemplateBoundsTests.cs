using Stip.Client.Templates;

namespace Stip.Client.Tests.Templates;

/// <summary>Templates come from model folders: none may hang the client or exhaust its memory or its stack.</summary>
public sealed class TemplateBoundsTests
{
    private const string Nested =
        "{% set n = namespace(x=[]) %}{% for i in range(99999) %}{% set n.x = [n.x] %}{% endfor %}";

    private const string Doubled =
        "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}";

    private const string Long = "{% set t = 'a' * 16000000 %}";

    // Two values of 1000 ** 5 items that are equal and not the same.
    private const string Twice = """
        {% set n = namespace(a=1, b=1) %}{% for i in range(5) %}{% set n.a = [n.a] * 1000 %}{% set n.b = [n.b] * 1000 %}
        {% endfor %}{% set a = n.a %}{% set b = n.b %}
        """;

    public static TheoryData<string, string> Bombs() => new()
    {
        { Doubled, "characters" },
        { "{{ 'a' * 999999999 }}", "repeats" },
        { "{{ [0] * 999999999 }}", "repeats" },
        { "{{ range(999999999) }}", "range" },
        { "{% set r = range(99999) %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}", "steps" },
        { "{% for a in range(99999) %}{{ 'abcdefgh' * 1000 }}{% endfor %}", "longer than" },
        { "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "macros" },
        { Nested + "{{ n.x }}", "deep" },
        { Nested + "{{ n.x|tojson }}", "deep" },
        { $"{{{{ {new string('(', 100_000)}1{new string(')', 100_000)} }}}}", "deep" },
        { "{{ 1" + string.Concat(Enumerable.Repeat("+1", 200_000)) + " }}", "deep" },
        { "{{ x" + string.Concat(Enumerable.Repeat(".x", 200_000)) + " is defined }}", "deep" },
        { "{{ not" + string.Concat(Enumerable.Repeat(" not", 200_000)) + " 1 }}", "deep" },
        { string.Concat(Enumerable.Repeat("{% if 1 %}", 100_000)), "deep" },
        { "{{ 9 ** 9 ** 9 ** 9 }}", "64 bits" },
        { Long + "{{ [t] * 1000 }}", "characters" },
        { "{{ ('\\n' * 1000000)|indent(1000, true, true) }}", "characters" },
        { Twice + "{{ a == b }}", "steps" },
        { Long + "{% for i in range(99999) %}{% if 'b' in t %}{% endif %}{% endfor %}", "steps" },
    };

    public static TheoryData<string, string> LongBombs() => new()
    {
        { Long + "{{ ([t] * 1000)|join }}", "characters" },
        { Long + "{{ ''.join([t] * 1000) }}", "characters" },
        { Long + "{{ ([t] * 1000)|tojson }}", "characters" },
        { Long + "{{ ([t] * 1000)|string|length }}", "characters" },
        { Long + "{{ ('{0}' * 1000).format(t) }}", "characters" },
        { Long + "{{ '%s%s' % (t, t) }}", "characters" },
        { "{{ strftime_now('%F' * 8000000) }}", "characters" },
        { "{{ ('\\n' * 16000000)|indent(1000, true, true) }}", "list of more than" },
        { Long + "{% for c in t %}{% endfor %}", "list of more than" },
        { Long + "{{ t|list }}", "list of more than" },
        { Long + "{{ t.split('a') }}", "list of more than" },
        { "{{ ('a ' * 8000000).split() }}", "list of more than" },
        { "{{ ('a ' * 8000000).rsplit(' ', 8000000) }}", "list of more than" },
        { Long + "{{ t|escape|replace('a', t) }}", "characters" },
        { Twice + "{{ [b].index(a) }}", "steps" },
        { Twice + "{{ [a, b]|sort }}", "steps" },
        { "{% set r = [0] * 1000000 %}{% for i in range(99999) %}{% if r|max %}{% endif %}{% endfor %}", "steps" },
        { Long + "{% for i in range(99999) %}{% if t[0] == 'b' %}{% endif %}{% endfor %}", "steps" },
        { Long + "{% for i in range(99999) %}{% if t.isdigit() %}{% endif %}{% endfor %}", "steps" },
        { Long + "{% for i in range(99999) %}{% if {}[t] %}{% endif %}{% endfor %}", "steps" },
        { "{{ ('ab' * 8000000).find('ab' * 4000000 ~ 'bb') }}", "steps" },
        { "{{ ('a' * 16000000).strip('b' * 16000000 ~ 'a') }}", "steps" },
    };

    [Theory]
    [MemberData(nameof(Bombs), DisableDiscoveryEnumeration = true)]
    public void Render_Bomb_IsRefused(string template, string reason) => AssertIsRefused(template, reason);

    [Theory(Explicit = true)]
    [Trait("Category", "Slow")]
    [MemberData(nameof(LongBombs), DisableDiscoveryEnumeration = true)]
    public void Render_LongBomb_IsRefused(string template, string reason) => AssertIsRefused(template, reason);

    private static void AssertIsRefused(string template, string reason)
    {
        var refusal = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template, null, null).Render([]));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
