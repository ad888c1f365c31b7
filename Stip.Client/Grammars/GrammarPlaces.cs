namespace Stip.Client.Grammars;

/// <summary>All places in which a text may be within its grammar: bytes that may come, each with what
/// follows.</summary>
/// <remarks>For one text and one thread.</remarks>
internal sealed class GrammarPlaces
{
    // A text with more ways to go on counts as outside: branches of a schema that begin alike can double them with
    // every bracket. No pattern that is taken has as many.
    private const int Most = 200_000;

    private readonly HashSet<(ByteSet Bytes, GrammarRest? After)> _places = new(Places);

    // A vocabulary's tokens begin alike, and most bytes mean the same to a grammar.
    private readonly List<byte> _known = [];
    private GrammarPlaces?[]? _after;

    // A rest that several ways lead to is opened once: else their number could double with every rule and every byte.
    private HashSet<GrammarRest> _opened = new(GrammarRest.Same);

    // One after the other and not within one another: rules may be deeper than a stack.
    private Stack<GrammarRest> _toOpen = [];

    /// <summary>The text may end here.</summary>
    public bool MayEnd { get; private set; }

    /// <summary>Nothing may come and the text may not end: it is outside its grammar.</summary>
    public bool IsDead => _places.Count == 0 && !MayEnd;

    /// <summary>Nothing but the end may come.</summary>
    public bool MustEnd => _places.Count == 0 && MayEnd;

    private static IEqualityComparer<(ByteSet Bytes, GrammarRest? After)> Places { get; } =
        EqualityComparer<(ByteSet Bytes, GrammarRest? After)>.Create(
            (one, other) => ReferenceEquals(one.Bytes, other.Bytes) && GrammarRest.AreSame(one.After, other.After),
            place => HashCode.Combine(place.Bytes, GrammarRest.HashOf(place.After)));

    public static GrammarPlaces Start(GrammarNode grammar)
    {
        var places = new GrammarPlaces();
        places.Open(new GrammarRest(grammar, null));
        return places.OpenAll();
    }

    /// <summary>Adds what may come as well; null is the end.</summary>
    public void Open(GrammarRest? rest)
    {
        if (rest is null)
        {
            MayEnd = true;
        }
        else if (_opened.Add(rest))
        {
            _toOpen.Push(rest);
        }
    }

    public void Add(ByteSet bytes, GrammarRest? rest) => _places.Add((bytes, rest));

    /// <summary>The places after one more byte.</summary>
    public GrammarPlaces After(byte value) =>
        (_after ??= new GrammarPlaces?[256])[value] ??= FindAfter(value);

    private GrammarPlaces FindAfter(byte value)
    {
        foreach (var known in _known)
        {
            if (_places.All(place => place.Bytes.Contains(value) == place.Bytes.Contains(known)))
            {
                return _after![known]!;
            }
        }

        _known.Add(value);
        var next = new GrammarPlaces();
        foreach (var (bytes, rest) in _places)
        {
            if (bytes.Contains(value))
            {
                next.Open(rest);
            }
        }

        return next.OpenAll();
    }

    private GrammarPlaces OpenAll()
    {
        while (_toOpen.TryPop(out var rest))
        {
            if (_opened.Count > Most)
            {
                return new GrammarPlaces();
            }

            rest.Node.Open(rest.Next, this);
        }

        (_opened, _toOpen) = ([], []);
        return this;
    }
}
