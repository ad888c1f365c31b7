using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>The names that every template has.</summary>
internal static class Globals
{
    public static void Define(Scope scope, TimeProvider clock)
    {
        scope.Set("range", (TemplateFunction)Range);
        scope.Set("dict", (TemplateFunction)Dictionary);
        scope.Set("namespace", (TemplateFunction)Namespace);
        scope.Set("joiner", (TemplateFunction)Joiner);
        scope.Set("cycler", (TemplateFunction)Cycler);
        scope.Set("raise_exception", (TemplateFunction)(call =>
            throw new ChatTemplateException(PythonText.Str(call.Get(0, "message")))));
        scope.Set("strftime_now", (TemplateFunction)(call =>
            call.Budget.Count(TimeFormat.Write(clock.GetLocalNow(), call.Text(0, "format")))));
    }

    private static List<object?> Range(CallArguments call)
    {
        var first = call.Integer(0, "start", 0);
        var (start, stop) = call.Has(1, "stop") ? (first, call.Integer(1, "stop", 0)) : (0, first);
        var step = call.Integer(2, "step", 1);
        if (step == 0)
        {
            throw new ChatTemplateException("the step of range is 0; allowed is any other integer");
        }

        var numbers = new List<object?>();
        for (var number = start; step > 0 ? number < stop : number > stop; number += step)
        {
            numbers.Add(number);
            if (numbers.Count > RenderBudget.LongestRange)
            {
                throw new ChatTemplateException($"range is longer than {RenderBudget.LongestRange}");
            }
        }

        return call.Budget.Count(numbers);
    }

    private static TemplateMap Dictionary(CallArguments call)
    {
        var map = new TemplateMap();
        foreach (var (key, value) in call.Get(0, "mapping") as TemplateMap ?? [])
        {
            map[key] = value;
        }

        foreach (var (key, value) in call.Named)
        {
            map[key] = value;
        }

        return map;
    }

    private static TemplateNamespace Namespace(CallArguments call)
    {
        var space = new TemplateNamespace();
        foreach (var (key, value) in Dictionary(call))
        {
            space.Attributes[PythonText.Str(key)] = value;
        }

        return space;
    }

    private static TemplateFunction Joiner(CallArguments call)
    {
        var (separator, used) = (call.Text(0, "sep", ", "), false);
        return _ =>
        {
            var text = used ? separator : string.Empty;
            used = true;
            return text;
        };
    }

    private static TemplateMap Cycler(CallArguments call)
    {
        var turn = -1;
        var map = new TemplateMap
        {
            ["next"] = (TemplateFunction)(_ => call.Positional.Count > 0
                ? call.Positional[turn = (turn + 1) % call.Positional.Count]
                : throw new ChatTemplateException("cycler needs at least one value")),
        };
        return map;
    }
}
