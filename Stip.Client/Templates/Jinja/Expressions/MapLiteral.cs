using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Expressions;

internal sealed class MapLiteral(List<(Expression Key, Expression Value)> entries) : Expression
{
    protected override object? Compute(Scope scope)
    {
        var map = new TemplateMap();
        foreach (var (key, value) in entries)
        {
            var name = TemplateMap.Key(key.Evaluate(scope))
                ?? throw new ChatTemplateException("the key of a mapping must be a text or a number");
            map[name] = value.Evaluate(scope);
        }

        return map;
    }
}
