using Stip.Client.Templates;

namespace Stip.Client.Tests.Templates;

/// <summary>Templates come from model folders: none may hang the client or exhaust its memory or its stack.</summary>
public sealed class TemplateBoundsTests
{
    private const string Nested =
        "{% set n = namespace(x=[]) %}{% for i in range(99999) %}{% set n.x = [n.x] %}{% endfor %}";

    private const string Doubled =
        "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}";

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
    };

    [Theory]
    [MemberData(nameof(Bombs), DisableDiscoveryEnumeration = true)]
    public void Render_Bomb_IsRefused(string template, string reason)
    {
        var refusal = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template, null, null).Render([]));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
