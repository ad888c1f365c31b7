namespace Stip.Protocol.Sessions;

/// <summary>A session: one KV cache that the server holds for the key that opened it.</summary>
/// <param name="Id">Id to go on with.</param>
/// <param name="Object">Always <see cref="ObjectName"/>.</param>
/// <param name="Model">Id of the model.</param>
/// <param name="CreatedAt">Unix seconds.</param>
/// <param name="ExpiresAt">Unix seconds at which it is released unless a step comes before.</param>
/// <param name="Position">Cache length, in tokens.</param>
/// <param name="MaxLength">Longest cache, in tokens.</param>
public sealed record SessionObject(
    string Id, string Object, string Model, long CreatedAt, long ExpiresAt, int Position, int MaxLength)
{
    /// <summary>Value of <see cref="Object"/>.</summary>
    public const string ObjectName = "permuted.session";
}
