namespace Stip.Protocol.Models;

/// <summary>A model in OpenAI's list shape, with what <c>stip.json</c> says of it.</summary>
/// <param name="Id">Id to ask for.</param>
/// <param name="Object">Always <see cref="ObjectName"/>.</param>
/// <param name="Created">Unix seconds of its registration.</param>
/// <param name="OwnedBy">Id of the API key that registered it.</param>
/// <param name="Stip">The package's manifest, without its file list.</param>
public sealed record ModelObject(string Id, string Object, long Created, string OwnedBy, ModelStipInfo Stip)
{
    /// <summary>Value of <see cref="Object"/>.</summary>
    public const string ObjectName = "model";
}
