using System.Runtime.CompilerServices;

namespace Stip.Client.Grammars;

/// <summary>All places in which a text may be within its grammar: bytes that may come, each with what
/// follows.</summary>
internal sealed class GrammarPlaces
{
    private readonly List<(ByteSet Bytes, GrammarRest? After)> _places = [];

    // A rest that several ways lead to is opened once: else their number could double with every rule and every byte.
    private readonly List<GrammarRest> _opened = [];

    /// <summary>The text may end here.</summary>
    public bool MayEnd { get; private set; }

    /// <summary>Nothing may come and the text may not end: it is outside its grammar.</summary>
    public bool IsDead => _places.Count == 0 && !MayEnd;

    /// <summary>Nothing but the end may come.</summary>
    public bool MustEnd => _places.Count == 0 && MayEnd;

    public static GrammarPlaces Start(GrammarNode grammar)
    {
        var places = new GrammarPlaces();
        places.Open(new GrammarRest(grammar, null));
        return places;
    }

    public void Open(GrammarRest? rest)
    {
        if (rest is null)
        {
            MayEnd = true;
            return;
        }

        foreach (var known in _opened)
        {
            if (GrammarRest.AreSame(known, rest))
            {
                return;
            }
        }

        _opened.Add(rest);
        RuntimeHelpers.EnsureSufficientExecutionStack();
        rest.Node.Open(rest.Next, this);
    }

    public void Add(ByteSet bytes, GrammarRest? rest)
    {
        foreach (var (known, after) in _places)
        {
            if (ReferenceEquals(known, bytes) && GrammarRest.AreSame(after, rest))
            {
                return;
            }
        }

        _places.Add((bytes, rest));
    }

    /// <summary>The places after one more byte.</summary>
    public GrammarPlaces After(byte value)
    {
        var next = new GrammarPlaces();
        foreach (var (bytes, rest) in _places)
        {
            if (bytes.Contains(value))
            {
                next.Open(rest);
            }
        }

        return next;
    }
}
