import pytest
import torch

from tinynets.linalg import NotPositiveDefiniteError, cholesky

F64 = torch.float64
SINGULAR = torch.ones(2, 2, dtype=F64)


def test_factors_of_a_batch_are_torchs():
    root = torch.tensor([[[2.0, 0.0], [1.0, 3.0]], [[1.0, 0.0], [-1.0, 0.5]]], dtype=F64)
    torch.testing.assert_close(cholesky(root @ root.mT, "covariance"), root)


def test_the_diagonal_takes_a_number_and_a_share_of_its_largest_entry():
    matrix = torch.diag(torch.tensor([4.0, 1.0], dtype=F64))
    factor = cholesky(matrix, "covariance", add=2.0, jitter=0.5)
    torch.testing.assert_close(factor.square().diagonal(), torch.tensor([9.0, 6.0], dtype=F64))
    assert torch.equal(matrix.diagonal(), torch.tensor([4.0, 1.0], dtype=F64))


def test_a_tiny_pivot_counts_as_none_where_it_is_asked_for():
    nearly = SINGULAR + 1e-14 * torch.eye(2, dtype=F64)
    cholesky(nearly, "covariance")
    with pytest.raises(NotPositiveDefiniteError, match="covariance .* take more"):
        cholesky(nearly, "covariance", smallest_pivot=1e-12, remedy="take more")


@pytest.mark.parametrize("error", [ValueError, torch.linalg.LinAlgError])
def test_the_error_names_the_matrix_of_a_batch_and_is_of_both_kinds(error):
    batch = torch.stack([SINGULAR + torch.eye(2), SINGULAR - torch.eye(2)])
    with pytest.raises(error, match=r"covariance at index \(1,\) .* eigenvalues go from -1 to 1"):
        cholesky(batch, "covariance")
