namespace Stip.Client.Tokenization.Models;

/// <summary>Pieces by their beginnings: all that start at one place of a text are found in one walk.</summary>
internal sealed class PieceTrie
{
    public const int Root = 0;
    private readonly Dictionary<long, int> _steps = [];
    private readonly List<int> _ids = [-1];

    public PieceTrie(IReadOnlyDictionary<string, int> ids)
    {
        foreach (var (piece, id) in ids.Where(entry => entry.Key.Length > 0))
        {
            var node = Root;
            foreach (var character in piece)
            {
                if (!_steps.TryGetValue(Step(node, character), out var next))
                {
                    next = _ids.Count;
                    _steps.Add(Step(node, character), next);
                    _ids.Add(-1);
                }

                node = next;
            }

            _ids[node] = id;
        }
    }

    /// <summary>The node behind a character; false where no piece goes on so.</summary>
    public bool TryStep(int node, char character, out int next) =>
        _steps.TryGetValue(Step(node, character), out next);

    /// <summary>The piece that ends at a node, null where none does.</summary>
    public int? Id(int node) => _ids[node] < 0 ? null : _ids[node];

    private static long Step(int node, char character) => ((long)node << 16) | character;
}
