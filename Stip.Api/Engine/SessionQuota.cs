namespace Stip.Api.Engine;

/// <summary>How many sessions an owner holds over all models, and how many it may.</summary>
/// <param name="mostOf">The limit of an owner; 0 for none, null where it is nobody any more: a step that was on its way
/// when its key was revoked opens nothing.</param>
internal sealed class SessionQuota(Func<string, int?> mostOf)
{
    private readonly Lock _counting = new();
    private readonly Dictionary<string, int> _held = new(StringComparer.Ordinal);

    /// <summary>Without limits.</summary>
    public static SessionQuota None => new(_ => 0);

    public bool TryTake(string owner, out int? most)
    {
        most = mostOf(owner);
        lock (_counting)
        {
            var held = _held.GetValueOrDefault(owner);
            if (most is null || (most > 0 && held >= most))
            {
                return false;
            }

            _held[owner] = held + 1;
            return true;
        }
    }

    public void GiveBack(string owner)
    {
        lock (_counting)
        {
            if (--_held[owner] == 0)
            {
                _held.Remove(owner);
            }
        }
    }
}
