using Stip.Api.Engine;

namespace Stip.Api.Endpoints;

/// <summary>A judged pass, whose inputs are here, and the graph that it is for.</summary>
/// <param name="Judged">Before its inputs came.</param>
/// <param name="Inputs">Owned.</param>
internal sealed record PreparedPass(JudgedPass Judged, ValidInputs Inputs) : IDisposable
{
    public void Dispose() => Inputs.Dispose();
}
