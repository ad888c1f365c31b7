using System.Runtime.CompilerServices;

namespace Stip.Client.Templates.Jinja;

/// <summary>Bounds one rendering: templates come from model folders and must neither hang nor exhaust memory.</summary>
internal sealed class RenderBudget
{
    public const int LongestText = 1 << 24;
    public const int LongestList = 1 << 20;
    public const int LongestRange = 100_000;
    private const int DeepestCall = 64;
    private const long MostSteps = 10_000_000;
    private long _steps;
    private int _calls;

    /// <summary>Refuses to go deeper when the stack is nearly used up.</summary>
    public static void GuardStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new ChatTemplateException("the chat template is nested too deeply");
        }
    }

    public void Spend(long steps = 1)
    {
        _steps += steps;
        if (_steps > MostSteps)
        {
            throw new ChatTemplateException($"the chat template takes more than {MostSteps} steps");
        }
    }

    /// <summary>Counts a text that came into being; a long one costs more than a step.</summary>
    public string Count(string text)
    {
        if (text.Length > LongestText)
        {
            throw new ChatTemplateException($"the chat template makes a text of more than {LongestText} characters");
        }

        Spend(1 + (text.Length >> 5));
        return text;
    }

    public List<object?> Count(List<object?> list)
    {
        RefuseBeyond(list.Count);
        Spend(1 + list.Count);
        return list;
    }

    /// <summary>Counts the reading of a text.</summary>
    public void Read(string text) => Spend(text.Length >> 5);

    /// <summary>Counts a search: a long part may be compared at every place of the text.</summary>
    public void Search(string text, string part)
    {
        const int usual = 64;
        Spend((text.Length >> 5) + ((long)text.Length * Math.Max(0, part.Length - usual) >> 10));
    }

    /// <summary>Refuses a list before it is too long to be held.</summary>
    public static void RefuseBeyond(int count)
    {
        if (count > LongestList)
        {
            throw new ChatTemplateException($"the chat template makes a list of more than {LongestList} items");
        }
    }

    public void EnterCall()
    {
        if (++_calls > DeepestCall)
        {
            throw new ChatTemplateException($"the chat template calls macros more than {DeepestCall} deep");
        }
    }

    public void LeaveCall() => _calls--;
}
